// Copyright The asana_exporter Authors
// Licensed under the Apache License, Version 2.0 (the "License");
// you may not use this file except in compliance with the License.
// You may obtain a copy of the License at
//
// http://www.apache.org/licenses/LICENSE-2.0
//
// Unless required by applicable law or agreed to in writing, software
// distributed under the License is distributed on an "AS IS" BASIS,
// WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
// See the License for the specific language governing permissions and
// limitations under the License.

//go:build e2e

package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

const (
	// blindness is how long Asana refuses to be asked: of a backlog of more than five minutes the rules judge the peak.
	blindness = 6 * time.Minute
	// soon is how long a page may take: what an alert reads is recorded once a minute, the alert is evaluated once a minute, and
	// Alertmanager waits ten seconds for more.
	soon = 3 * time.Minute
)

// The demo stack as make demo runs it: after a burst of deletions it prints a notification within ten minutes. There is no page about
// anything else, and nothing is left behind. It does not wait until the alert is resolved, which takes an hour.
func TestDemoStackPagesForItsIncident(t *testing.T) {
	t.Parallel()
	began, temp := time.Now(), t.TempDir()
	demo := filepath.Join(t.TempDir(), "demo")
	mustRun(t, "go", "build", "-o", demo, "../deploy/demo")
	var addresses, flags []string
	for _, part := range []string{"exporter", "prometheus", "alertmanager", "pages"} {
		addresses = append(addresses, freeAddress(t))
		flags = append(flags, "-"+part+"="+addresses[len(addresses)-1])
	}
	cmd := exec.Command(demo, flags...)
	var out buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = "..", &out, &out
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // It kills its children, too.
		t.Logf("what it printed:\n%s", out.String())
	})
	printed := func(line string) func() error {
		return func() error {
			select {
			case err := <-ended:
				t.Fatalf("it ended by itself: %v", err)
			default:
			}
			if !strings.Contains(out.String(), line) {
				return fmt.Errorf("no line with %q", line)
			}
			return nil
		}
	}

	waitFor(t, 10*time.Minute, printed(" PAGE    firing   AsanaDeletionBurst: "))
	t.Logf("the page came after %s", time.Since(began).Round(time.Second))
	for line := range strings.Lines(out.String()) {
		if strings.Contains(line, " PAGE ") && !strings.Contains(line, " AsanaDeletionBurst: ") {
			t.Errorf("somebody is paged for nothing: %s", line)
		}
	}
	server := prometheus{url: "http://" + addresses[1]} // Alertmanager tells of a second alert later.
	if n := server.number(t, `count(ALERTS{severity="page", alertname!="AsanaDeletionBurst"})`); n > 0 {
		t.Errorf("%v further alerts would page", n)
	}

	_ = cmd.Process.Signal(os.Interrupt)
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(patience):
		t.Fatalf("it lives, %s after it was interrupted", patience)
	}
	if left, _ := os.ReadDir(temp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	for _, address := range addresses {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			t.Errorf("something still listens on %s", address)
		}
	}
}

// Somebody deletes while Asana does not answer. When it answers again, a notification gives the time of the deletions, and their
// late appearance is not taken for a new burst.
func TestDeletionsDuringAnOutagePage(t *testing.T) {
	t.Parallel()
	asana := startAsana(t, simulator.Options{Name: "Example Company", Seed: 11, Rate: 1})
	e := newExporter(t, asana, "--asana.poll-interval=1s", "--events.zero-first=2s")
	dir := t.TempDir()
	writeHistory(t, filepath.Join(dir, "data"), "-rate=1", "-night-share=1", "-days=20", "-name=Example Company", "-instance="+e.address)
	pages := startPager(t)
	rules, err := filepath.Abs("../alerts")
	if err != nil {
		t.Fatal(err)
	}
	p := runPrometheus(t, dir, fmt.Sprintf("rule_files: [%[1]s/deletions.yml, %[1]s/exporter.yml, %[1]s/recording.yml]\n"+
		"alerting: {alertmanagers: [{static_configs: [{targets: [%[2]q]}]}]}\n", rules, runAlertmanager(t, pages))+scrapeConfig(e),
		"--storage.tsdb.retention.time=35d")
	e.start(t)
	waitFor(t, patience, func() error {
		if p.number(t, "sum(asana_events_total)") == 0 {
			return errors.New("Prometheus knows of no event")
		}
		return nil
	})

	asana.Inject(simulator.Fault{Kind: simulator.Status, Status: http.StatusServiceUnavailable, RetryAfter: blindness})
	waitFor(t, patience, func() error {
		if p.number(t, "asana_workspace_up") != 0 {
			return errors.New("Prometheus does not know that Asana refuses")
		}
		return nil
	})
	for range 5 {
		asana.Incident(90) // Tasks and sections, no structure: that has an alert of its own.
	}
	waitFor(t, blindness+soon+patience, pages.missing("pager", "firing", "AsanaDeletionBurst"))
	if seconds := p.number(t, "asana_workspace_backlog_seconds"); seconds < blindness.Seconds() {
		t.Errorf("a backlog of %v seconds", seconds)
	}
	peak, now := p.number(t, `workspace_kind:asana_deletions:backlog_peak{kind="burst"}`), p.number(t, `workspace_kind:asana_deletions:count{kind="burst"}`)
	if peak < 450 || now > 100 {
		t.Errorf("450 deletions are %v of the backlog and %v of now", peak, now)
	}
	for _, got := range pages.all() {
		t.Log(got)
		if got.receiver == "pager" && got.alert != "AsanaDeletionBurst" {
			t.Errorf("somebody is paged for %s, too", got.alert)
		}
	}
}

// writeHistory gives a server, before it starts, the past of a simulated workspace with the delivered rules. Its folder must
// not exist.
func writeHistory(t *testing.T, data string, flags ...string) {
	t.Helper()
	dir := t.TempDir()
	mustRun(t, "go", "-C", "../alerts/eval", "build", "-o", dir, "./history")
	text, err := os.Create(filepath.Join(dir, "past.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	cmd := exec.Command(filepath.Join(dir, "history"), append(flags, "../alerts/deletions.yml", "../alerts/exporter.yml", "../alerts/recording.yml")...)
	var problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = text, &problems
	if err := cmd.Run(); err != nil {
		t.Fatalf("history: %v\n%s", err, problems.String())
	}
	mustRun(t, promtool(t), "tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=1458h", text.Name(), data)
}

// runAlertmanager runs an Alertmanager with the delivered example until the test ends, and returns its address.
func runAlertmanager(t *testing.T, pages *pager) string {
	t.Helper()
	return runAlertmanagerWith(t, exampleFor(t, pages.url))
}

// exampleFor returns the delivered example with the address of the test's receivers.
func exampleFor(t *testing.T, url string) string {
	t.Helper()
	text, err := os.ReadFile(alertmanagerExample)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "http://127.0.0.1:9911/", url+"/")
}

// runAlertmanagerWith runs an Alertmanager with a configuration until the test ends, and returns its address.
func runAlertmanagerWith(t *testing.T, text string) string {
	t.Helper()
	dir, address := t.TempDir(), freeAddress(t)
	config := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	background(t, alertmanager(t), "--config.file="+config, "--storage.path="+dir, "--web.listen-address="+address, "--cluster.listen-address=")
	return address
}

// alertmanager returns the program: that of ALERTMANAGER, or the one on the PATH, which has a longer name in Debian.
func alertmanager(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath(cmp.Or(os.Getenv("ALERTMANAGER"), "alertmanager")); err == nil {
		return path
	}
	return lookUp(t, "prometheus-alertmanager", "install Debian's package of this name, or name one in ALERTMANAGER")
}

// A pager keeps what Alertmanager sends.
type pager struct {
	url string

	mu  sync.Mutex
	got []page
}

type page struct{ receiver, status, alert, summary string }

func startPager(t *testing.T) *pager {
	t.Helper()
	p := &pager{}
	server := httptest.NewServer(p)
	p.url = server.URL
	t.Cleanup(server.Close)
	return p
}

func (p *pager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var notification struct {
		Receiver string
		Alerts   []struct {
			Status              string
			Labels, Annotations map[string]string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&notification); err != nil || !slices.Contains([]string{"page", "warning"}, path.Base(r.URL.Path)) {
		http.Error(w, fmt.Sprint(r.URL, err), http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range notification.Alerts {
		p.got = append(p.got, page{notification.Receiver, a.Status, a.Labels["alertname"], a.Annotations["summary"]})
	}
}

func (p *pager) all() []page {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got)
}

// missing reports a notification that did not come.
func (p *pager) missing(receiver, status, alert string) func() error {
	return func() error {
		all := p.all()
		if slices.ContainsFunc(all, func(x page) bool { return x.receiver == receiver && x.status == status && x.alert == alert }) {
			return nil
		}
		return fmt.Errorf("no %s is %s at the %s, but %v", alert, status, receiver, all)
	}
}

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

package main

import (
	"errors"
	"html"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/asana-exporter/asana_exporter/client"
	"github.com/asana-exporter/asana_exporter/collector"
)

// Pages are read, never written to, and browsers run nothing that is on them.
func TestPagesAreReadOnlyAndInert(t *testing.T) {
	t.Parallel()
	address, _ := within(t, append(arguments(t), "--web.enable-pprof")...)
	for _, path := range []string{"/", "/metrics", "/-/healthy", "/-/ready", "/debug/pprof/", "/debug/pprof/symbol", "/debug/pprof/cmdline", "/debug/pprof/heap", "/nowhere"} {
		for method, want := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "PUT": 405, "DELETE": 405, "OPTIONS": 405, "TRACE": 405} {
			req, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, http.NoBody)
			must(t, err)
			resp, err := http.DefaultClient.Do(req)
			must(t, err)
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			switch {
			case path == "/nowhere":
				want = http.StatusNotFound
			case path == "/-/ready" && want == http.StatusOK:
				want = http.StatusServiceUnavailable
			}
			got := resp.Header
			if resp.StatusCode != want || (want == http.StatusMethodNotAllowed) != (got.Get("Allow") == "GET, HEAD") {
				t.Errorf("%s %s: %s, allowed %q, want %d", method, path, resp.Status, got.Get("Allow"), want)
			}
			if got.Get("X-Content-Type-Options") != "nosniff" || got.Get("X-Frame-Options") != "DENY" {
				t.Errorf("%s %s: headers %v", method, path, got)
			}
			policy := contentPolicy
			if path == "/" && want == http.StatusOK && method == http.MethodGet {
				policy += styleSource(string(body))
				if !strings.Contains(string(body), "/debug/pprof/heap") {
					t.Errorf("no link to the profiler:\n%s", body)
				}
			}
			if !strings.HasPrefix(got.Get("Content-Security-Policy"), policy) {
				t.Errorf("%s %s: policy %q", method, path, got.Get("Content-Security-Policy"))
			}
		}
	}
}

// The pages say what is wrong, since when, and what to do, without anything that a browser would run.
func TestPagesSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 28, 9, 30, 0, 0, time.UTC)
	refused := &client.StatusError{Status: http.StatusForbidden, Message: "<script>alert(1)</script>\r\nX: y"}
	unsaved := saveInVain(t)
	const since = "Polls fail since 2026-11-28 09:30:00 UTC: "
	for _, row := range []struct {
		name string
		view collector.View
		want []string
	}{
		{"nothing", collector.View{LastSuccess: at, Up: true}, nil},
		{"a refusal", collector.View{Err: refused, FailingSince: at, LastSuccess: at.Add(-time.Minute)}, []string{
			since + "refused: 403 Forbidden: <script>alert(1)</script> X: y (only a service account of an Enterprise+ domain may read workspace events)",
			"Last commit: 2026-11-28 09:29:00 UTC. What to do: docs/runbook.md, AsanaRequestsRefused.",
		}},
		{"a limit", collector.View{Err: &client.RateLimitError{}, FailingSince: at}, []string{
			since + "rate limited", "Last commit: not yet. What to do: docs/runbook.md, AsanaRateLimited.",
		}},
		{"a disk that can't be written", collector.View{Err: unsaved, FailingSince: at}, []string{
			since + unsaved.Error(), "Last commit: not yet. What to do: docs/runbook.md, AsanaStateNotWritten.",
		}},
		{"a catch-up that fails", collector.View{CatchingUpSince: at.Add(-time.Hour), Err: errors.New("no route"), FailingSince: at}, []string{
			"Catching up since 2026-11-28 08:30:00 UTC: the backlog is shown when all of it is read.",
			since + "no route", "Last commit: not yet. What to do: docs/runbook.md, AsanaPollsFailing.",
		}},
	} {
		if got := trouble(&row.view, true); !slices.Equal(got, row.want) {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
		answer := httptest.NewRecorder()
		spaces := newWorkspaces(config{workspace: testWorkspace}, nil, prometheus.NewRegistry(), log.NewNopLogger())
		spaces.add(testWorkspace).closed.Store(&row.view)
		status(spaces, func([]*workspace) (bool, string) { return false, "Not ready." })(answer, nil)
		if got, want := answer.Body.String(), strings.Join(append([]string{"Not ready."}, row.want...), "\n"+testWorkspace+": ")+"\n"; got != want {
			t.Errorf("%s: the body is %q, want %q", row.name, got, want)
		}
		var page strings.Builder
		must(t, template.Must(template.New("").Parse(stateHTML)).Execute(&page, []workspaceState{describe(config{}, &row.view, true, false)}))
		if strings.Contains(page.String(), "<script") || strings.Contains(page.String(), "did not succeed") == row.view.Up {
			t.Errorf("%s: the page is\n%s", row.name, &page)
		}
		want := []string{"name not known yet ()", "not read yet"}
		for _, line := range append(want, row.want...) {
			if !strings.Contains(html.UnescapeString(page.String()), ">"+line+"</td>") {
				t.Errorf("%s: %q is not on the page\n%s", row.name, line, &page)
			}
		}
	}
	runbook, err := os.ReadFile("docs/runbook.md")
	must(t, err)
	for _, section := range []string{"AsanaRateLimited", "AsanaRequestsRefused", "AsanaStateNotWritten", "AsanaPollsFailing", "AsanaCountsStale"} {
		if !strings.Contains(string(runbook), "\n## "+section+"\n") {
			t.Errorf("docs/runbook.md has no section %s", section)
		}
	}
}

// saveInVain returns the error of a commit that the file system refuses.
func saveInVain(t *testing.T) error {
	t.Helper()
	dir := t.TempDir()
	store, err := collector.OpenStore(dir, testWorkspace)
	must(t, err)
	t.Cleanup(func() { store.Close() })
	must(t, os.Mkdir(filepath.Join(dir, testWorkspace+".json.tmp"), 0o700))
	err = store.Save(collector.NewEpoch(time.Now()))
	if err == nil {
		t.Fatal("a folder in the place of the file was no error")
	}
	return err
}

func TestFailedHandshakesAreNoErrors(t *testing.T) {
	t.Parallel()
	log := &logbook{}
	server := newLoggers(log, "debug", "logfmt").serverLog()
	server.Printf("http: TLS handshake error from 127.0.0.1:1: EOF")
	server.Printf("http: Accept error: too many open files; retrying in 1s")
	lines := strings.Split(log.String(), "\n")
	if !strings.Contains(lines[0], "level=debug") || !strings.Contains(lines[1], "level=error") || !strings.Contains(lines[1], "too many") {
		t.Errorf("it logged\n%s", log)
	}
}

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
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// newAsana serves a workspace in which nothing happens by itself, and returns its address too.
func newAsana(t *testing.T, o simulator.Options) (asana *simulator.Simulator, url string) {
	t.Helper()
	o.Workspace = testWorkspace
	asana = simulator.New(o)
	asana.Freeze()
	server := httptest.NewServer(asana)
	t.Cleanup(server.Close)
	return asana, server.URL
}

// deletions returns so many events.
func deletions(n int) []simulator.Event {
	events := make([]simulator.Event, n)
	for i := range events {
		events[i] = simulator.Event{
			Action:   "deleted",
			Resource: &simulator.Resource{GID: fmt.Sprint(i), Type: "task", Subtype: "default_task"},
		}
	}
	return events
}

// following returns flags with which the program follows the workspace at url, fast and without waiting for a scrape.
func following(t *testing.T, url string, changes ...string) []string {
	t.Helper()
	return arguments(t, append([]string{
		"--asana.url", url, "--asana.poll-interval", "50ms", "--events.zero-first", "0s",
	}, changes...)...)
}

const deletedTasks = `asana_events_total{action="deleted",change_field="",parent_type="",resource_subtype="default_task",` +
	`resource_type="task",workspace="` + testWorkspace + `"}`

func TestLandingPageShowsTheWorkspace(t *testing.T) {
	t.Parallel()
	asana, url := newAsana(t, simulator.Options{Name: `Ex & <script>alert("1")</script>`})
	address, _ := within(t, following(t, url, "--web.telemetry-path", "/federate", "--events.max-series", "1234")...)
	eventually(t, "the first catch-up", func() bool { return statusOf(t, "http://"+address+"/-/ready") == http.StatusOK })
	asana.Add(deletions(17)...)
	for _, want := range []string{
		"Ex &amp; &lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt; (" + testWorkspace + ")", "17 since 20", "succeeded", "up to date",
		"1 of at most 1234", `<a href="/federate">`, `<a href="/-/ready">`, "<h1>asana_exporter</h1>",
	} {
		eventually(t, want, func() bool {
			_, body := fetch(t, "http://"+address, "")
			return strings.Contains(body, want)
		})
	}
	resp, body := fetch(t, "http://"+address, "")
	if strings.Contains(body, "<script") || strings.Contains(body, "simulated") || strings.Contains(body, "/debug/pprof") {
		t.Errorf("something is on the page that does not belong there:\n%s", body)
	}
	if kind := resp.Header.Get("Content-Type"); kind != "text/html; charset=UTF-8" {
		t.Errorf("content type %s", kind)
	}
}

func TestReadyFollowsTheWorkspaceAndHealthyTheProcess(t *testing.T) {
	t.Parallel()
	asana, url := newAsana(t, simulator.Options{})
	asana.Outage(time.Hour, false)
	address, _ := within(t, following(t, url)...)
	ready := func() int { return statusOf(t, "http://"+address+"/-/ready") }
	healthy := func() int { return statusOf(t, "http://"+address+"/-/healthy") }
	if ready() != http.StatusServiceUnavailable || healthy() != http.StatusOK {
		t.Error("before the first catch-up: want it healthy and not ready")
	}
	asana.Outage(0, false)
	eventually(t, "ready after the first catch-up", func() bool { return ready() == http.StatusOK })
	asana.Outage(time.Hour, false)
	eventually(t, "not ready when Asana is down", func() bool { return ready() == http.StatusServiceUnavailable })
	if healthy() != http.StatusOK {
		t.Error("an outage of Asana made it unhealthy")
	}
	asana.Outage(0, false)
	eventually(t, "ready again", func() bool { return ready() == http.StatusOK })
}

func TestThereAreNoOtherPages(t *testing.T) {
	t.Parallel()
	address, _ := within(t, arguments(t, "--web.telemetry-path", "/federate")...)
	for path, want := range map[string]int{
		"/": 200, "/federate": 200, "/-/healthy": 200, "/-/ready": 503,
		"/metrics": 404, "/federate/": 404, "/-/": 404, "/-/quit": 404, "/control/truth": 404, "/favicon.ico": 404, "/data": 404,
		"/debug/pprof/": 404, "/debug/pprof/cmdline": 404, "/debug/pprof/heap": 404,
	} {
		if got := statusOf(t, "http://"+address+path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
}

func TestExporterMetricsCanBeLeftOut(t *testing.T) {
	t.Parallel()
	own := func(args ...string) (prefixes string) {
		address, _ := within(t, append(arguments(t), args...)...)
		_, body := fetch(t, "http://"+address+"/metrics", "")
		for _, prefix := range []string{"go_", "process_", "promhttp_", "asana_exporter_build_info", "asana_exporter_state_commits_total"} {
			if strings.Contains(body, "\n"+prefix) {
				prefixes += prefix + " "
			}
		}
		return prefixes
	}
	if got, want := own(), "go_ process_ promhttp_ asana_exporter_build_info asana_exporter_state_commits_total "; got != want {
		t.Errorf("there are %s, want %s", got, want)
	}
	if got, want := own("--web.disable-exporter-metrics"), "asana_exporter_build_info asana_exporter_state_commits_total "; got != want {
		t.Errorf("without its own, there are %s, want %s", got, want)
	}
}

func TestMetricsComeInTheFormatThatIsAskedFor(t *testing.T) {
	t.Parallel()
	asana, url := newAsana(t, simulator.Options{})
	address, _ := within(t, following(t, url)...)
	eventually(t, "the first catch-up", func() bool { _, there := samples(t, address)[deletedTasks]; return there })
	asana.Add(deletions(3)...)
	eventually(t, "three deletions", func() bool { return samples(t, address)[deletedTasks] == 3 })
	for _, row := range []struct{ accept, kind, has string }{
		{"", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", "# TYPE asana_events_total counter\n"},
		{"text/html, */*;q=0.5", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", deletedTasks + " 3\n"},
		{
			"application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3",
			"application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores", deletedTasks + " 3.0\n",
		},
		{"application/openmetrics-text;version=1.0.0", "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores", "\n# EOF\n"},
		{protobuf, "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores", "default_task"},
	} {
		resp, body := fetch(t, "http://"+address+"/metrics", row.accept)
		if kind := resp.Header.Get("Content-Type"); kind != row.kind {
			t.Errorf("asked for %q: got %s, want %s", row.accept, kind, row.kind)
		}
		if !strings.Contains(body, row.has) {
			t.Errorf("asked for %q: %q is not in it", row.accept, row.has)
		}
		if strings.Contains(body, "_created") {
			t.Errorf("asked for %q: created timestamps are series of their own", row.accept)
		}
	}
	families, err := scrape(t.Context(), "http://"+address+"/metrics")
	must(t, err)
	if events, _ := counters(families); len(events) == 0 {
		t.Error("no created timestamps in the format that has them")
	}
}

func TestWebConfigBringsTLSAndPasswords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	client := writeCertificate(t, dir)
	config := filepath.Join(dir, "web.yaml")
	// The hash of "correct horse".
	if err := os.WriteFile(config, []byte(`tls_server_config: {cert_file: cert.pem, key_file: key.pem}
basic_auth_users: {prometheus: $2a$04$14NFMZIsWV2vTZH9PXjBtuAmCsBDRtBntm.cz0WzmDe.tFmM3kKDq}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	address, _ := within(t, arguments(t, "--web.config.file", config)...)
	for _, row := range []struct {
		path, password string
		want           int
	}{
		{"/metrics", "correct horse", 200},
		{"/metrics", "wrong horse", 401},
		{"/metrics", "", 401},
		{"/", "", 401},
		{"/-/ready", "", 401},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address+row.path, nil)
		must(t, err)
		if row.password != "" {
			req.SetBasicAuth("prometheus", row.password)
		}
		resp, err := client.Do(req)
		must(t, err)
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != row.want || strings.Contains(string(body), "asana_") != (row.want == 200) {
			t.Errorf("%s with %q: %s", row.path, row.password, resp.Status)
		}
	}
	if resp, body := fetch(t, "http://"+address+"/metrics", ""); resp.StatusCode == http.StatusOK {
		t.Errorf("without TLS: %s", body)
	}
}

// writeCertificate writes the certificate of httptest's servers to dir, and returns a client that trusts it.
func writeCertificate(t *testing.T, dir string) *http.Client {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	certificate := server.TLS.Certificates[0]
	private, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	must(t, err)
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: certificate.Certificate[0]},
		"key.pem":  {Type: "PRIVATE KEY", Bytes: private},
	} {
		must(t, os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600))
	}
	return server.Client()
}

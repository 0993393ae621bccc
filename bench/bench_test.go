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
	"bytes"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/bench/pages"
)

func TestTableShowsVerdicts(t *testing.T) {
	var out bytes.Buffer
	err := printTable(&out, "a machine", []result{
		{number: "cost", value: 0.25, bound: 1.0 / 3, format: "%.2f x", beside: "the other 4 s"},
		{number: "memory", value: 41, bound: 40, format: "%.1f MiB"},
		{number: "rate", value: 89.9, bound: 90, format: "%.1f %%", least: true},
		{number: "speed", value: 90, bound: 90, format: "%.1f %%", least: true},
		{number: "node", note: "node is not installed"},
	})
	want := `a machine

number  measured  bound        verdict       compared with
cost    0.25 x    <= 0.33 x    within        the other 4 s
memory  41.0 MiB  <= 40.0 MiB  over          
rate    89.9 %    >= 90.0 %    under         
speed   90.0 %    >= 90.0 %    within        
node    -         -            not measured  node is not installed
`
	if got := out.String(); err != nil || got != want {
		t.Errorf("got (%v)\n%s\nwant\n%s", err, got, want)
	}
}

func TestOnlyChoosesRows(t *testing.T) {
	chosen, err := choose("start,million")
	if err != nil || len(chosen) != 2 || chosen[0].key != "start" || chosen[1].key != "million" {
		t.Errorf("chose %v (%v), want start and million", chosen, err)
	}
	if all, err := choose(""); err != nil || len(all) != len(rows()) {
		t.Errorf("chose %d rows (%v), want all", len(all), err)
	}
	if _, err := choose("million,nonsense"); err == nil || !strings.Contains(err.Error(), `"nonsense"`) {
		t.Errorf("got %v, want an error that names the unknown row", err)
	}
}

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0}, {[]float64{3}, 3}, {[]float64{3, 1}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 3},
	} {
		if got := median(test.values); got != test.want {
			t.Errorf("median of %v is %v, want %v", test.values, got, test.want)
		}
	}
}

func TestSumAddsOneCounter(t *testing.T) {
	const exposition = `# HELP asana_events_total Events.
# TYPE asana_events_total counter
asana_events_total{action="added",resource_type="task"} 1e+06
asana_events_total{action="{a} b",resource_type=""} 20
asana_events_total_other{action="added"} 300
other 4000
`
	got, err := sum(strings.NewReader(exposition), "asana_events_total")
	if err != nil || got != 1_000_020 {
		t.Errorf("sum is %v (%v), want 1000020", got, err)
	}
	if _, err := sum(strings.NewReader("a{} nonsense"), "a"); err == nil {
		t.Error("a value that is no number is no error")
	}
}

func TestTooManyShownEventsAreAnError(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("a{} 3\n"))
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	if err := <-shows(t.Context(), address, "a", 3); err != nil {
		t.Errorf("three events are shown, and three are wanted: %v", err)
	}
	if err := <-shows(t.Context(), address, "a", 2); err == nil {
		t.Error("three events are shown where there were two, and that is no error")
	}
}

func TestLineHasATagForEachLabel(t *testing.T) {
	got := line(pages.Labels{"added", "task", "", "", "project"})
	want := "asana_events:1|c|#workspace:1200000000000001,action:added,resource_type:task," +
		"resource_subtype:none,change_field:none,parent_type:project\n"
	if got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestClientTrustsTheCertificate(t *testing.T) {
	r, err := newRig(t.TempDir(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	book, err := pages.NewBook(1, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	handler, err := pages.NewServer(book, pages.Options{Events: pages.Size + 1, Gzip: true})
	if err != nil {
		t.Fatal(err)
	}
	url := serveTLS(t, handler, r.identity)
	client, err := r.client()
	if err != nil {
		t.Fatal(err)
	}
	token, more, calls := "", true, 0
	for ; more; calls++ {
		if token, more, err = next(t.Context(), client, url, token); err != nil {
			t.Fatal(err)
		}
	}
	if calls != 4 { // A first token, two pages, and the end.
		t.Errorf("read the stream in %d calls, want 4", calls)
	}
}

// serveTLS returns the address of a server with the identity.
func serveTLS(t *testing.T, handler http.Handler, id identity) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.ServeTLS(listener, id.certificate, id.key) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serve: %v", err)
		}
	})
	return "https://" + listener.Addr().String()
}

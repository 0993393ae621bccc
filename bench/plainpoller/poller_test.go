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
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/asana-exporter/asana_exporter/bench/pages"
)

// newStream returns the base URL of a server of so many events.
func newStream(t *testing.T, book *pages.Book, events int) string {
	t.Helper()
	handler, err := pages.NewServer(book, pages.Options{Events: events, Gzip: true})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// sum returns the number of events that registry shows.
func sum(t *testing.T, registry *prometheus.Registry) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for _, family := range families {
		for _, m := range family.GetMetric() {
			total += m.GetCounter().GetValue()
		}
	}
	return total
}

func TestPollerCountsEveryEventOnceOverARestart(t *testing.T) {
	book, err := pages.NewBook(2, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "state.json")
	for _, events := range []int{2 * pages.Size, 3*pages.Size + 7} { // The second run goes on where the first ended.
		registry := prometheus.NewPedanticRegistry()
		p, err := newPoller(registry, newStream(t, book, events), "1", "token", file)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // The first call gets a token only, or nothing new.
			if err := p.drain(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := sum(t, registry); got != float64(events) {
			t.Errorf("counted %v events, want %d", got, events)
		}
	}
}

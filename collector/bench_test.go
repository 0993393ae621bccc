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

package collector

import (
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/asana-exporter/asana_exporter/client"
)

// many returns a State in which n label sets were counted, and a page with 1,000 further events of them.
func many(n int) (State, client.Page) {
	var page client.Page
	for i := range n {
		page.Events = append(page.Events, client.Event{
			Action: "changed", ResourceType: "task", ResourceSubtype: "default_task", ChangeField: "custom_field_" + strconv.Itoa(i),
			ParentType: "project", CreatedAt: at(time.Duration(i) * time.Millisecond),
		})
	}
	s := following().With(page, at(time.Second), at(time.Second), Limits{MaxSeries: n, CatchUpAfter: time.Minute}).reveal(at(time.Second), 0)
	events := make([]client.Event, 1000)
	for i := range events {
		events[i] = page.Events[i*7919%n]
	}
	return s, client.Page{Sync: "1", Events: events}
}

// reportCPU reports the CPU time of an operation, which is to be trusted where many share a machine.
func reportCPU(b *testing.B) (stop func()) {
	b.Helper()
	cpu := func() time.Duration {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			b.Fatal(err)
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	start := cpu()
	return func() { b.ReportMetric(float64((cpu()-start).Microseconds())/float64(b.N), "cpu-µs/op") }
}

func BenchmarkWith(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		s, page := many(n)
		limits := Limits{MaxSeries: 2 * n, CatchUpAfter: time.Minute}
		b.Run(fmt.Sprintf("series=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			defer reportCPU(b)()
			for b.Loop() {
				s.With(page, at(2*time.Second), at(2*time.Second), limits)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(page.Events)), "ns/event")
		})
		b.Run(fmt.Sprintf("series=%d,new=1", n), func(b *testing.B) {
			page := client.Page{Sync: "1", Events: append(slices.Clone(page.Events), event("added", "dragon", at(0)))}
			b.ReportAllocs()
			defer reportCPU(b)()
			for b.Loop() {
				s.With(page, at(2*time.Second), at(2*time.Second), limits)
			}
		})
	}
}

// What a page costs in the middle of a backlog of a day in which something was deleted in every step, beside one of any day.
func BenchmarkPageOfABacklog(b *testing.B) {
	for _, hours := range []int{0, 24} {
		s := following()
		if hours > 0 {
			s.Pending = &Stretch{Since: at(0)}
		}
		for at := range int64(hours) * int64(time.Hour/stepLength) {
			s.Pending.Steps = append(s.Pending.Steps, step{94668480 + at, 3, 1})
		}
		page := client.Page{Sync: "1", HasMore: true, Events: slices.Repeat(events(1, at(12*time.Hour)), 1000)}
		b.Run(fmt.Sprintf("hours=%d", hours), func(b *testing.B) {
			b.ReportAllocs()
			defer reportCPU(b)()
			for b.Loop() {
				if err := s.With(page, at(25*time.Hour), at(25*time.Hour), lax()).encode(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What a page costs beside its events: a new State, its file and its place in the Collector.
func BenchmarkPageOfManySeries(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000, 100_000} {
		s, page := many(n)
		limits := Limits{MaxSeries: 2 * n, CatchUpAfter: time.Minute}
		b.Run(fmt.Sprintf("series=%d", n), func(b *testing.B) {
			defer debug.SetMemoryLimit(debug.SetMemoryLimit(80 << 20)) // That of main.go.
			store, err := OpenStore(b.TempDir(), "1")
			if err != nil {
				b.Fatal(err)
			}
			defer store.Close()
			for b.Loop() {
				s = s.With(page, at(2*time.Second), at(2*time.Second), limits)
				if err := store.Save(s); err != nil {
					b.Fatal(err)
				}
				s.Pending = nil
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/series")
		})
	}
}

// Set TMPDIR to measure another disk.
func BenchmarkSave(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		s, _ := many(n)
		b.Run(fmt.Sprintf("series=%d", n), func(b *testing.B) {
			store, err := OpenStore(b.TempDir(), "1")
			if err != nil {
				b.Fatal(err)
			}
			defer store.Close()
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				if err := store.Save(s); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

// A scrape of 1,000 event series, and what client_golang's own CounterVec costs for as many.
func BenchmarkGather(b *testing.B) {
	const n = 1000
	s, _ := many(n)
	b.Run("of=collector", func(b *testing.B) {
		metrics := NewMetrics(nil, "1")
		p := NewPoller(nil, nil, metrics, s, Options{})
		p.changeView(func(v *View) { v.Exposed = true })
		registry := prometheus.NewRegistry()
		registry.MustRegister(NewCollector(p.View, metrics, n))
		gather(b, registry)
	})
	b.Run("of=countervec", func(b *testing.B) {
		vec := prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "asana_events_total", Help: "Events.", ConstLabels: prometheus.Labels{"workspace": "1"},
		}, []string{"action", "resource_type", "resource_subtype", "change_field", "parent_type"})
		for _, series := range s.Series() {
			l := series.Labels
			vec.WithLabelValues(l.Action, l.ResourceType, l.ResourceSubtype, l.ChangeField, l.ParentType).Add(float64(series.Value))
		}
		registry := prometheus.NewRegistry()
		registry.MustRegister(vec)
		gather(b, registry)
	})
}

func gather(b *testing.B, g prometheus.Gatherer) {
	b.Helper()
	b.ReportAllocs()
	defer reportCPU(b)()
	for b.Loop() {
		if _, err := g.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}

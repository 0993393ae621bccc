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
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/asana-exporter/asana_exporter/client"
)

// gathered returns the families of a scrape by name.
func gathered(t *testing.T, g prometheus.Gatherer) map[string]*dto.MetricFamily {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*dto.MetricFamily{}
	for _, family := range families {
		byName[family.GetName()] = family
	}
	return byName
}

// labelled returns the metric of a family with these label values, in the order of the names of the labels.
func labelled(t *testing.T, family *dto.MetricFamily, values ...string) *dto.Metric {
	t.Helper()
	for _, metric := range family.GetMetric() {
		var got []string
		for _, pair := range metric.GetLabel() {
			got = append(got, pair.GetValue())
		}
		if slices.Equal(got, values) {
			return metric
		}
	}
	t.Fatalf("%s has no metric %q", family.GetName(), values)
	return nil
}

// busy is a rig with something of everything: a backlog, a gap, folded events, new series, refusals and a disk that was full.
func busy(t *testing.T) *rig {
	t.Helper()
	time.Sleep(2 * time.Hour)
	failures := map[int]error{
		0:  &client.RateLimitError{RetryAfter: 10 * time.Second},
		12: expired("10"),
	}
	pages := append(outage(), client.Page{Events: []client.Event{
		event("changed", "story", at(2*time.Hour)), event("changed", "tag", time.Time{}), event("added", "task", at(2*time.Hour)),
	}}, fiveAdded())
	r := newRig(t, following(), Options{ZeroFirst: patience, MaxSeries: 3}, except(failures, stream(pages...)))
	r.disk.fail = func(save int) error {
		if save == 1 {
			return syscall.ENOSPC
		}
		return nil
	}
	r.metrics.Requested(client.Exchange{Status: 200, Duration: 200 * time.Millisecond})
	r.metrics.Requested(client.Exchange{Status: 418, Duration: time.Second, Changes: []client.Change{{Name: "new_sections"}}})
	r.metrics.Requested(client.Exchange{Duration: time.Minute})
	return r
}

func TestExposition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := busy(t)
		r.run(5 * time.Minute)
		golden := filepath.Join("testdata", "exposition.prom")
		if *update {
			var text bytes.Buffer
			encoder := expfmt.NewEncoder(&text, expfmt.NewFormat(expfmt.TypeTextPlain))
			families, err := r.registry.Gather()
			for _, family := range families {
				err = errors.Join(err, encoder.Encode(family))
			}
			if err := errors.Join(err, os.WriteFile(golden, text.Bytes(), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.Open(golden)
		if err != nil {
			t.Fatal(err)
		}
		defer want.Close()
		if err := testutil.GatherAndCompare(r.registry, want); err != nil {
			t.Error(err)
		}
		if problems, err := testutil.GatherAndLint(r.registry); err != nil || len(problems) > 0 {
			t.Errorf("lint: %v, %v", problems, err)
		}
	})
}

// The zero is there to be seen before the value.
func TestNewSeriesIsExposedAtZeroAndThenAtItsValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, following(), Options{ZeroFirst: patience}, stream(fiveAdded()))
		var got []float64
		stop := r.start()
		for _, at := range []int{1, 20, 39, 40, 60} {
			time.Sleep(past(at) - since())
			metric := labelled(t, gathered(t, r.registry)["asana_events_total"], "added", "", "", "", "task", "1")
			got = append(got, metric.GetCounter().GetValue())
		}
		stop()
		wantEqual(t, "exposed", got, []float64{0, 0, 0, 5, 5})
	})
}

// Time alone ends the hold: no poll is needed for it.
func TestBacklogGaugesAreZeroAfterTheirHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(2 * time.Hour)
		r := newRig(t, following(), Options{}, stream(outage()...))
		r.run(time.Second)
		gauges := func() []float64 {
			families := gathered(t, r.registry)
			var values []float64
			for _, name := range []string{"asana_workspace_backlog_seconds", "asana_workspace_backlog_peak_events"} {
				for _, metric := range families[name].GetMetric() {
					values = append(values, metric.GetGauge().GetValue())
				}
			}
			return values
		}
		wantEqual(t, "held", gauges(), []float64{7200, 40, 30})
		time.Sleep(20 * time.Minute)
		wantEqual(t, "over", gauges(), []float64{0, 0, 0})
	})
}

// What a scrape takes from the one before must be what it would make itself.
func TestSeriesThatLookAlike(t *testing.T) {
	hidden := Series{addedTask(), 5, exposure{Created: at(0)}}
	shown, more, younger, other := hidden, hidden, hidden, hidden
	shown.Shown = true
	more.Value = 6
	younger.Created = at(time.Second)
	other.Labels = deletedTask()
	for _, test := range []struct {
		name string
		s    Series
		want bool
	}{
		{"itself", hidden, true},
		{"more that is hidden", more, true},
		{"shown", shown, false},
		{"younger", younger, false},
		{"of other labels", other, false},
	} {
		if got := hidden.looksLike(test.s); got != test.want {
			t.Errorf("%s: looks alike %v, want %v", test.name, got, test.want)
		}
	}
}

func TestCreatedTimestampsAreExposed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		epoch := time.Now()
		state, _ := NewEpoch(epoch).Expired("0", epoch, epoch, false, lax())
		time.Sleep(10 * time.Second)
		r := newRig(t, state, Options{}, stream(fiveAdded(), client.Page{Events: []client.Event{event("added", "tag", at(0))}}))
		r.run(20 * time.Second)
		check := func(g prometheus.Gatherer) {
			t.Helper()
			families := gathered(t, g)
			for _, test := range []struct {
				family string
				values []string // Of the labels, sorted by name.
				want   time.Time
			}{
				{"asana_events_total", []string{"deleted", "", "", "", "task", "1"}, epoch},
				{"asana_events_total", []string{"added", "", "", "", "task", "1"}, epoch},
				{"asana_events_total", []string{"added", "", "", "", "tag", "1"}, epoch.Add(10 * time.Second)},
				{"asana_workspace_gaps_total", []string{"state_lost", "1"}, epoch},
				{"asana_workspace_gap_seconds_total", []string{"token_expired", "1"}, epoch},
				{"asana_exporter_folded_events_total", []string{"1"}, epoch},
			} {
				metric := labelled(t, families[test.family], test.values...)
				if got := metric.GetCounter().GetCreatedTimestamp(); got == nil || !got.AsTime().Equal(test.want) {
					t.Errorf("%s%q: created %s, want %s", test.family, test.values, got.AsTime(), test.want)
				}
			}
		}
		check(r.registry)
		time.Sleep(time.Second)
		again := newRig(t, restarted(t, r.disk.last()), Options{}, stream(client.Page{}, client.Page{}, fiveAdded()))
		again.run(time.Second)
		check(again.registry)
	})
}

func TestDelayIsFromTheEventToItsCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(100 * time.Second)
		now := time.Now()
		state, _ := NewEpoch(now).Expired("0", now, now, false, lax())
		r := newRig(t, state, Options{}, stream(client.Page{Events: []client.Event{
			event("added", "task", now.Add(-40*time.Second)),
			event("added", "task", now.Add(time.Second)), // Asana's clock is ahead: no delay.
			event("added", "task", time.Time{}),          // Without a date: left out.
			event("added", "task", now.AddDate(9, 0, 0)), // Wild: left out.
			event("added", "task", time.Unix(0, 0)),      // As wild.
			event("added", "task", now.Add(-47*time.Hour)),
		}}))
		r.run(time.Second)
		delay := gathered(t, r.registry)["asana_event_delay_seconds"].GetMetric()[0].GetHistogram()
		if delay.GetSampleCount() != 3 || delay.GetSampleSum() != 40+47*3600 || delay.Schema == nil || len(delay.GetBucket()) != 12 {
			t.Errorf("%v, want 3 delays of 47 h 40 s together, in 12 buckets and native ones", delay)
		}
	})
}

// Scrapes see whole pages only, and no count goes down; the race detector looks on.
func TestScrapesWhilePolling(t *testing.T) {
	const pages, perPage = 200, 7
	state := following()
	state.AtEnd = time.Now()
	r := newRig(t, state, Options{Interval: time.Millisecond}, func(_ int, token string) (client.Page, error) {
		var n int
		if _, err := fmt.Sscan(token, &n); err != nil || n == pages {
			return client.Page{Sync: token}, err
		}
		return client.Page{Sync: fmt.Sprint(n + 1), HasMore: n%3 > 0, Events: events(perPage, time.Now())}, nil
	})
	stop := r.start()
	var scrapes sync.WaitGroup
	for range 4 {
		scrapes.Go(func() {
			for before := 0.0; before < pages*perPage; {
				family := gathered(t, r.registry)["asana_events_total"]
				if family == nil {
					continue
				}
				n := labelled(t, family, "deleted", "", "", "", "task", "1").GetCounter().GetValue()
				if n < before || int(n)%perPage != 0 {
					t.Errorf("%v events seen after %v, in pages of %d", n, before, perPage)
					return
				}
				before = n
			}
		})
	}
	scrapes.Wait()
	stop()
}

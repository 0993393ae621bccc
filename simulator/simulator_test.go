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

package simulator_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

func TestReaderCountsAWeekExactly(t *testing.T) {
	c := newClock()
	s := simulator.New(c.options())
	r := newReader(t, s)
	r.catchUp()
	for range 7 * 24 {
		c.sleep(time.Hour)
		r.catchUp()
	}
	compare(t, r.counted, s.Truth())
	if n := sum(r.counted); n < 8000 || n > 16000 {
		t.Errorf("40 users had %d events in a week, want about 11,000", n)
	}
}

func TestReaderCountsExactlyDespiteFaults(t *testing.T) {
	c := newClock()
	o := c.options()
	o.Rate, o.PageSize, o.StrictTokens = 5, 50, true
	s := simulator.New(o)
	s.Flaky(0.5)
	s.Inject(simulator.Fault{Kind: simulator.Status, Status: 404})
	r := newReader(t, s)
	r.check = func(int, []byte) {}
	for i := range 300 {
		r.catchUp()
		c.sleep(7 * time.Second)
		if i%50 == 49 {
			s.Inject(simulator.Fault{Kind: simulator.Expire})
		}
	}
	s.Flaky(0)
	r.catchUp() // Gets the last fault, and a fresh token.
	r.catchUp()
	compare(t, r.counted, s.Truth())
	if sum(s.Lost()) == 0 || r.gaps != 7 {
		t.Errorf("lost %v in %d gaps, want some in 7", s.Lost(), r.gaps)
	}
}

func TestTruthBeginsWithTheFirstToken(t *testing.T) {
	c := newClock()
	s := simulator.New(c.options())
	c.sleep(time.Hour)
	if n := sum(s.Truth()); n != 0 {
		t.Errorf("%d events before anybody has a token", n)
	}
	newReader(t, s).catchUp()
	c.sleep(time.Hour)
	if n := sum(s.Truth()); n < 50 {
		t.Errorf("%d events in an hour of work", n)
	}
	if n := sum(s.Lost()); n != 0 {
		t.Errorf("%d events lost", n)
	}
}

func TestAnUnusedFreshTokenLosesNothing(t *testing.T) {
	c := newClock()
	s := simulator.New(c.options())
	r := newReader(t, s)
	r.catchUp()
	c.sleep(time.Hour)
	before := r.sync
	s.Inject(simulator.Fault{Kind: simulator.Expire})
	r.catchUp()
	r.sync = before // As if killed before the fresh token was kept.
	r.counted = map[simulator.Labels]uint64{}
	c.sleep(time.Minute)
	r.catchUp()
	compare(t, r.counted, s.Truth())
}

// kill -9 between the answer and the commit: the page is asked for again, and the next has what came since.
func TestAPageReadTwiceCountsOnce(t *testing.T) {
	c := newClock()
	o := c.options()
	o.StrictTokens = true
	s := simulator.New(o)
	r := newReader(t, s)
	r.catchUp()
	for range 20 {
		c.sleep(10 * time.Minute)
		before, counted := r.sync, maps.Clone(r.counted)
		r.catchUp()
		c.sleep(time.Minute)
		r.sync, r.counted = before, counted
		r.catchUp()
	}
	s.Inject(simulator.Fault{Kind: simulator.Expire})
	c.sleep(time.Hour)
	r.catchUp() // Loses the hour.
	r.catchUp()
	compare(t, r.counted, s.Truth())
	if n := sum(s.Lost()); n < 50 {
		t.Errorf("lost %d events, want an hour's worth", n)
	}
}

func TestExpiredTokenLosesTheEventsAfterIt(t *testing.T) {
	c := newClock()
	s := simulator.New(c.options())
	r := newReader(t, s)
	r.catchUp()
	c.sleep(time.Hour)
	r.catchUp() // Has kept this page and its token, but never came back with it.
	counted := sum(r.counted)
	c.sleep(3 * 24 * time.Hour)
	total := sum(s.Truth())
	r.catchUp()
	r.catchUp()
	compare(t, r.counted, s.Truth())
	if sum(r.counted) != counted {
		t.Errorf("counted %d, want %d", sum(r.counted), counted)
	}
	if got, want := sum(s.Lost()), total-counted; got != want {
		t.Errorf("lost %d, want %d", got, want)
	}
}

func TestEventsDoNotDependOnPollTimes(t *testing.T) {
	pages := func(step time.Duration, read bool) []byte {
		c := newClock()
		o := c.options()
		o.PageSize, o.TokenLife = 1e6, 48*time.Hour
		s := simulator.New(o)
		r := newReader(t, s)
		r.catchUp()
		first := r.sync
		for range 30 * time.Hour / step {
			c.sleep(step)
			if read {
				s.Truth()
			}
		}
		r.sync = first
		var got []byte
		r.check = func(_ int, body []byte) { got, _, _ = bytes.Cut(body, []byte(`"sync"`)) }
		r.catchUp()
		return got
	}
	often, once := pages(40*time.Second, true), pages(30*time.Hour, false)
	if !bytes.Equal(often, once) {
		t.Errorf("asked often: %d bytes, asked once: %d bytes, or another order", len(often), len(once))
	}
	if len(once) < 4e5 {
		t.Errorf("only %d bytes", len(once))
	}
}

func TestRateFollowsWorkingHoursUnlessGiven(t *testing.T) {
	const (
		hour, day = time.Hour, 24 * time.Hour
		working   = 40. * 50 / 12 / 3600 // 40 people, each with 50 events in twelve hours.
	)
	for _, row := range []struct {
		name             string
		rate, nightShare float64
		from             time.Time
		least, most      float64 // Events a second.
	}{
		{"a flat rate at night", 5, 1, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), 4.4, 5.6}, // Where synctest begins.
		{"working hours", 0, 0, monday.Add(hour), working * 0.6, working * 1.4},
		{"night", 0, 0, monday.Add(18 * hour), 0, working * 0.3},
		{"Sunday", 0, 0, monday.Add(6 * day), 0, working * 0.3},
		{"a rate at work", 2, 0.35, monday.Add(hour), 1.84, 2.16},
		{"a rate at lunch", 2, 0.35, monday.Add(3 * hour), 1.32, 1.64},
		{"a rate in the evening", 2, 0.35, monday.Add(11 * hour), 0.8, 1.12},
		{"a rate at night", 2, 0.35, monday.Add(15 * hour), 0.56, 0.88},
		{"a rate on the next day", 2, 0.35, monday.Add(day + hour), 1.84, 2.16},
		{"a rate on Saturday", 2, 0.35, monday.Add(5*day + hour), 0.6, 0.92},
	} {
		c := newClock()
		c.now = row.from.Add(-hour)
		o := c.options()
		o.Rate, o.NightShare = row.rate, row.nightShare
		s := simulator.New(o)
		newReader(t, s).catchUp()
		c.sleep(hour)
		before := sum(s.Truth())
		c.sleep(hour)
		if got := float64(sum(s.Truth())-before) / hour.Seconds(); got < row.least || got > row.most {
			t.Errorf("%s: %.3f events a second, want %.3f to %.3f", row.name, got, row.least, row.most)
		}
	}
}

func TestFrozenWorkspaceHasOnlyAddedEvents(t *testing.T) {
	c := newClock()
	s := simulator.New(c.options())
	r := newReader(t, s)
	s.Freeze()
	r.catchUp()
	c.sleep(24 * time.Hour)
	task := &simulator.Resource{GID: "7", Type: "task", Subtype: "secret_kind"}
	s.Add(simulator.Event{Action: "deleted", Resource: task})
	r.check = func(_ int, raw []byte) {
		if !bytes.Contains(raw, []byte(`"created_at":"2026-03-03T09:00:00.000Z"`)) {
			t.Errorf("not dated now: %s", raw)
		}
	}
	r.catchUp()
	want := map[simulator.Labels]uint64{{Action: "deleted", ResourceType: "task", ResourceSubtype: "secret_kind"}: 1}
	if !maps.Equal(r.counted, want) || !maps.Equal(s.Truth(), want) {
		t.Errorf("counted %v, truth %v, want %v", r.counted, s.Truth(), want)
	}
	s.Thaw()
	c.sleep(time.Hour)
	if n := sum(s.Truth()); n < 30 || n > 600 {
		t.Errorf("%d events in the hour after a thaw", n)
	}
}

func TestIncidentDeletesByOnePerson(t *testing.T) {
	c := newClock()
	s := simulator.New(c.options())
	s.Freeze()
	r := newReader(t, s)
	r.catchUp()
	s.Incident(500)
	r.catchUp()
	byType := map[string]uint64{}
	for l, n := range r.counted {
		byType[l.Action+" "+l.ResourceType] += n
	}
	want := map[string]uint64{"deleted task": 500, "deleted section": 12, "deleted project": 5}
	if !maps.Equal(byType, want) {
		t.Errorf("counted %v, want %v", byType, want)
	}
}

func TestSyncErrorsAreNotCounted(t *testing.T) {
	s, r := withEvents(t)
	s.Add(simulator.SyncError(), simulator.SyncError())
	r.check = func(int, []byte) {} // They are in no schema.
	r.catchUp()
	r.catchUp()
	s.Inject(simulator.Fault{Kind: simulator.Expire})
	s.Add(simulator.SyncError())
	r.catchUp() // Loses it.
	r.catchUp()
	s.Add(simulator.SyncError())
	r.catchUp()
	compare(t, r.counted, s.Truth())
	if r.syncErrors != 3 || s.SyncErrors() != 3 {
		t.Errorf("reader had %d sync errors, simulator %d, want 3", r.syncErrors, s.SyncErrors())
	}
}

func TestConcurrentRequests(t *testing.T) {
	s := simulator.New(simulator.Options{Rate: 1000})
	var g sync.WaitGroup
	for range 4 {
		g.Go(func() {
			r := newReader(t, s)
			for range 20 {
				r.catchUp()
				s.Inject(simulator.Fault{Kind: simulator.EmptyMore})
				s.Add(simulator.Event{Action: "deleted", Resource: &simulator.Resource{GID: "1", Type: "task"}})
				s.Truth()
			}
		})
	}
	g.Wait()
}

func TestHangingRequestEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := simulator.New(simulator.Options{})
		s.Inject(simulator.Fault{Kind: simulator.Hang}, simulator.Fault{Kind: simulator.Slow, Delay: 5 * time.Second})
		client := &http.Client{Transport: s, Timeout: 30 * time.Second}
		ask := func() (time.Duration, error) {
			start := time.Now()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://asana/workspaces/1200000000000001/events", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer secret")
			resp, err := client.Do(req)
			if err == nil {
				err = resp.Body.Close()
			}
			return time.Since(start), err
		}
		if d, err := ask(); d != 30*time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("hanging: %v after %v, want deadline exceeded after 30s", err, d)
		}
		if d, err := ask(); d != 5*time.Second || err != nil {
			t.Errorf("slow: %v after %v, want an answer after 5s", err, d)
		}
	})
}

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
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asana-exporter/asana_exporter/client"
)

// outage is what happened in two hours in which nobody asked: 10 pages, and 30 projects deleted in a quarter of an hour.
func outage() []client.Page {
	pages := make([]client.Page, 10)
	for i := range pages {
		happened := at(time.Duration(i) * 12 * time.Minute)
		pages[i] = client.Page{HasMore: i < 9, Events: append(events(5, happened), event("added", "task", happened))}
		if i == 4 || i == 5 {
			pages[i].Events = append(pages[i].Events, slices.Repeat([]client.Event{event("deleted", "project", happened)}, 15)...)
		}
	}
	return pages
}

func countsOfOutage() map[Labels]uint64 {
	return map[Labels]uint64{deletedTask(): 50, addedTask(): 10, {Action: "deleted", ResourceType: "project"}: 30}
}

// slow answers like normal, after a second.
func slow(normal answer) answer {
	return func(call int, token string) (client.Page, error) {
		time.Sleep(time.Second)
		return normal(call, token)
	}
}

// glance is what a scrape sees of a catch-up.
type glance struct {
	Up, CatchingUp, Ready bool
	Shown                 map[Labels]uint64
	Backlog               Backlog
}

func glanceAt(r *rig) glance {
	view := r.View()
	return glance{view.Up, view.CatchingUp(), view.Exposed, shown(view), exposedBacklog(view.State.Backlogs, time.Now())}
}

// glances returns what scrapes between full seconds see until end, without what they see twice.
func glances(r *rig, end time.Duration) []glance {
	var seen []glance
	seen = append(seen, glanceAt(r))
	stop := r.start()
	time.Sleep(time.Second / 4)
	stopWatching := everySecond(func() { seen = append(seen, glanceAt(r)) })
	time.Sleep(end)
	stop()
	stopWatching()
	return slices.CompactFunc(seen, func(a, b glance) bool { return fmt.Sprint(a) == fmt.Sprint(b) })
}

func TestCatchUpIsPublishedInOneStepWithItsBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := map[int]error{}
		for call := 1; call < 10; call++ {
			down[call] = &client.RateLimitError{RetryAfter: 15 * time.Minute}
		}
		r := newRig(t, following(), Options{}, slow(except(down, stream(append([]client.Page{{Events: events(1, at(0))}}, outage()...)...))))
		got := glances(r, 150*time.Minute)

		one := map[Labels]uint64{deletedTask(): 1}
		all := countsOfOutage()
		all[deletedTask()]++
		// Asked since 2 h 15 min 24 s, a second for each page; at the end of the stream when the first question was sent.
		backlog := Backlog{Seconds: 8134, PeakDeleted: 40, PeakProjects: 30, HoldUntil: at(155*time.Minute + 34*time.Second)}
		want := []glance{
			{false, false, false, map[Labels]uint64{}, Backlog{}},
			{true, false, true, one, Backlog{}},
			{false, false, true, one, Backlog{}}, // Refused nine times.
			{true, true, true, one, Backlog{}},
			{true, false, true, all, backlog},
		}
		wantEqual(t, "what scrapes see", got, want)
	})
}

// A proxy held the answer back, or the machine slept: what it says of the end of the stream was so when it was asked for.
func TestAnswerThatComesLateHidesNoBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pages := stream(client.Page{}, client.Page{Events: events(160, at(time.Minute))})
		r := newRig(t, following(), Options{}, func(call int, token string) (client.Page, error) {
			page, err := pages(call, token)
			if call == 0 {
				time.Sleep(6 * time.Minute)
			}
			return page, err
		})
		r.run(7 * time.Minute)
		wantEqual(t, "backlog", exposedBacklog(r.View().State.Backlogs, time.Now()),
			Backlog{Seconds: 360, PeakDeleted: 160, HoldUntil: at(26 * time.Minute)})
	})
}

// The end of the stream was far away for a while, though pages were counted meanwhile.
func TestEmptyPageEndsABacklogThatNobodySaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, following(), Options{}, func(call int, _ string) (client.Page, error) {
			if call == 0 {
				time.Sleep(50 * time.Second)
				return client.Page{Sync: "1", HasMore: true, Events: events(1, at(0))}, nil
			}
			time.Sleep(20 * time.Second)
			return client.Page{Sync: "2"}, nil
		})
		r.run(72 * time.Second)
		backlog := Backlog{Seconds: 70, PeakDeleted: 1, HoldUntil: at(20*time.Minute + 70*time.Second)}
		wantEqual(t, "on disk", latest(r.disk.last()), backlog)
	})
}

// Every commit of a catch-up is a place where a process may have ended.
func TestRestartInACatchUpChangesNothing(t *testing.T) {
	for _, zero := range []time.Duration{0, zeroFirst} {
		catchUp := func(begin State) (saved []State, last glance) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(2 * time.Hour)
				r := newRig(t, begin, Options{ZeroFirst: zero}, stream(outage()...))
				r.run(2*zeroFirst + time.Second)
				saved, last = r.disk.saved, glanceAt(r)
			})
			return saved, last
		}
		whole, want := catchUp(following())
		wantEqual(t, "shown", want.Shown, countsOfOutage())
		for i, s := range whole[:11] {
			saved, got := catchUp(restarted(t, s))
			wantEqual(t, fmt.Sprintf("restart after %d commits: what a scrape sees", i), got, want)
			if got, want := encoded(t, saved[len(saved)-1]), encoded(t, whole[len(whole)-1]); got != want {
				t.Errorf("restart after %d commits:\n%s\nwithout:\n%s", i, got, want)
			}
		}
	}
}

// A catch-up goes on where Asana does not answer the next process.
func TestCatchUpIsSeenFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(2 * time.Hour)
		state := following().With(client.Page{Sync: "1", HasMore: true, Events: events(3, at(0))}, time.Now(), time.Now(), lax())
		r := newRig(t, restarted(t, state), Options{}, except(map[int]error{0: &client.StatusError{Status: 503}}, stream(outage()...)))
		r.run(400 * time.Millisecond)
		wantEqual(t, "what a scrape sees", glanceAt(r), glance{CatchingUp: true, Shown: map[Labels]uint64{}})
	})
}

// A backlog begins after two intervals where they are longer than a minute.
func TestLongIntervalsAreNoBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := map[int]error{5: &client.RateLimitError{RetryAfter: 11 * time.Minute}}
		r := newRig(t, following(), Options{Interval: 5 * time.Minute}, except(refused, func(call int, _ string) (client.Page, error) {
			return client.Page{Sync: strconv.Itoa(call + 1), Events: events(1, time.Now())}, nil
		}))
		stop := r.start()
		time.Sleep(30 * time.Minute)
		wantEqual(t, "without a failure", latest(r.View().State), Backlog{})
		time.Sleep(20 * time.Minute)
		stop()
		// Two pages: the first may be what was refused before.
		backlog := Backlog{Seconds: 16 * 60, PeakDeleted: 2, HoldUntil: at(56 * time.Minute)}
		wantEqual(t, "after one", latest(r.View().State), backlog)
	})
}

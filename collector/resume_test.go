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
	"errors"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asana-exporter/asana_exporter/client"
)

// A forgetful is an Asana as its documents have it: whoever asks with the same token again gets the very same results, however
// much has happened since. A token is the number of events before it, and how often there was nothing new.
type forgetful struct {
	happened []client.Event // By the time at which they can be had.
	given    map[string]client.Page
	down     func() bool
	lost     func() bool // Whether the answer goes missing; may be nil.
	stays    bool        // The token stays where there is nothing new.
}

func (f *forgetful) answer(_ int, token string) (client.Page, error) {
	if f.down() {
		return client.Page{}, errors.New("connection refused")
	}
	page, asked := f.given[token]
	if !asked || f.stays && len(page.Events) == 0 {
		n := len(token) - len(trimmed(token))
		seen, err := strconv.Atoi(trimmed(token))
		if err != nil {
			return client.Page{}, err
		}
		for _, e := range f.happened[seen:] {
			if !e.CreatedAt.After(time.Now()) {
				page.Events = append(page.Events, e)
			}
		}
		page.Sync = strconv.Itoa(seen + len(page.Events))
		if len(page.Events) > 0 || !f.stays {
			n++
		}
		page.Sync += strings.Repeat("+", n)
		f.given[token] = page
	}
	if f.lost != nil && f.lost() {
		return client.Page{}, errors.New("connection reset by peer")
	}
	return page, nil
}

func trimmed(token string) string {
	return strings.TrimRight(token, "+")
}

// With such an Asana nothing is late by more than a poll.
func TestEventIsNotLateWhereTheSameTokenGivesTheSameResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &forgetful{happened: events(1, at(5*time.Minute+2*time.Second)), given: map[string]client.Page{}, down: func() bool { return false }}
		r := newRig(t, following(), Options{}, f.answer)
		got := sights(r, deletedTask(), 10*time.Minute)
		wantEqual(t, "seen", got, []sight{{past(1), 0}, {past(315), 1}})
	})
}

// What such an Asana answered before an outage tells nothing of what happened in it, whether the answer came or not.
func TestOldAnswerDoesNotEndABacklog(t *testing.T) {
	for _, test := range []struct {
		name    string
		lost    bool
		unsaved bool
		anew    bool // Another process goes on.
		stays   bool
	}{
		{name: "an answer that was not committed", unsaved: true},
		{name: "an answer that was lost", lost: true},
		{name: "an answer to a process that was killed", unsaved: true, anew: true},
		{name: "an answer that was lost after quiet ones with the same token", lost: true, stays: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			const last, until = 45 * time.Second, 2 * time.Hour // The last answer before the outage, and the end of that.
			f := &forgetful{happened: append(events(1, at(40*time.Second)), events(500, at(time.Hour))...), given: map[string]client.Page{}}
			f.stays = test.stays
			f.down = func() bool { return since() > last && since() < until }
			f.lost = func() bool { return test.lost && since() == last }
			r := newRig(t, following(), Options{}, f.answer)
			r.disk.fail = func(int) error {
				if test.unsaved && since() == last {
					return syscall.EIO
				}
				return nil
			}
			r.run(last + time.Second/4)
			if test.anew {
				time.Sleep(until - since()) // Its first question is the same once more.
				r.Poller = NewPoller(r.asana, r.disk, NewMetrics(nil, "1"), restarted(t, r.disk.last()), Options{MaxSeries: 5000})
			}
			r.run(130*time.Minute - since())
			got := exposedBacklog(r.View().State.Backlogs, time.Now())
			if got.PeakDeleted < 500 || got.Seconds < 7000 {
				t.Errorf("%s: a backlog of %v s with a peak of %d, want two hours and 500", test.name, got.Seconds, got.PeakDeleted)
			}
			wantEqual(t, test.name+": shown", shown(r.View()), map[Labels]uint64{deletedTask(): 501})
		})
	}
}

// A catch-up was published, and the process was killed before its next commit: the gauges are held while Asana is down.
func TestHoldSurvivesAKillBeforeTheNextCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(2 * time.Hour)
		first := newRig(t, following(), Options{}, stream(client.Page{Events: events(50, at(time.Hour))}))
		first.run(5 * time.Second)
		want := Backlog{Seconds: 7200, PeakDeleted: 50, HoldUntil: at(140 * time.Minute)}
		wantEqual(t, "published", glanceAt(first).Backlog, want)
		down := func(int, string) (client.Page, error) { return client.Page{}, &client.StatusError{Status: 503} }
		r := newRig(t, restarted(t, first.disk.saved[1]), Options{}, down)
		r.run(10 * time.Minute)
		wantEqual(t, "held", glanceAt(r), glance{CatchingUp: true, Shown: map[Labels]uint64{}, Backlog: want})
	})
}

// Who stops in peace leaves nothing unseen.
func TestBacklogThatWasShownIsOverAfterAStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(2 * time.Hour)
		r := newRig(t, following(), Options{}, stream(outage()...))
		r.run(10 * time.Second)
		time.Sleep(3 * time.Hour)
		again := newRig(t, restarted(t, r.disk.last()), Options{}, r.asana.answer)
		again.run(time.Second)
		wantEqual(t, "backlog", exposedBacklog(again.View().State.Backlogs, time.Now()), Backlog{
			Seconds: 10800 + 10, HoldUntil: at(5*time.Hour + 20*time.Minute + 10*time.Second),
		})
	})
}

// Every new token is committed; an empty page that leaves the token as it was, once a minute.
func TestQuietCostsLittle(t *testing.T) {
	anew := func(call int, _ string) (client.Page, error) { return client.Page{Sync: strconv.Itoa(call + 1)}, nil }
	for _, test := range []struct {
		name              string
		answer            answer
		requests, commits int
	}{
		{"the token stays", func(_ int, token string) (client.Page, error) { return client.Page{Sync: token}, nil }, 241, 62},
		{"a new token each time", anew, 241, 242},
		{"a new token each time, after an answer that was lost", except(map[int]error{0: errors.New("connection reset by peer")}, anew), 243, 243},
		{"the same new token again", func(_ int, token string) (client.Page, error) { return client.Page{Sync: token + "+"}, nil }, 243, 242},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, following(), Options{}, test.answer)
			r.run(time.Hour + time.Second)
			if len(r.asana.asked) > test.requests || r.disk.saves > test.commits {
				t.Errorf("%s: %d requests and %d commits in an hour, want at most %d and %d",
					test.name, len(r.asana.asked), r.disk.saves, test.requests, test.commits)
			}
		})
	}
}

// One that was shown keeps its time, and is not put before another.
func TestBacklogThatWasShownIsNoneOfTheNextProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(2 * time.Hour)
		r := newRig(t, following(), Options{}, stream(outage()...))
		r.run(time.Minute + time.Second) // There was a commit since.
		again := newRig(t, restarted(t, r.disk.last()), Options{}, r.asana.answer)
		time.Sleep(4 * time.Minute)
		again.run(time.Second)
		got := again.View().State.Backlogs
		want := []Backlog{
			{Seconds: 7200, PeakDeleted: 40, PeakProjects: 30, HoldUntil: at(140 * time.Minute)},
			{Seconds: 241, HoldUntil: at(145*time.Minute + time.Second)},
		}
		wantEqual(t, "backlogs", got, want)
	})
}

// Nor does it end early because nobody saw a page that came after it.
func TestBacklogThatWasShownStaysWhereThePageAfterItWasNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(2 * time.Hour)
		durable := following().With(client.Page{Sync: "1", Events: events(50, at(time.Hour))}, at(2*time.Hour), at(2*time.Hour), lax())
		time.Sleep(15 * time.Second)
		durable.Pending = nil // Published.
		durable = durable.With(client.Page{Sync: "2", HasMore: true, Events: events(1, time.Now())}, time.Now(), time.Now(), lax())
		r := newRig(t, restarted(t, durable), Options{}, stream())
		r.run(time.Second)
		want := glance{Up: true, Ready: true, Shown: map[Labels]uint64{deletedTask(): 51}, Backlog: Backlog{
			Seconds: 7200, PeakDeleted: 50, HoldUntil: at(140 * time.Minute),
		}}
		wantEqual(t, "what a scrape sees", glanceAt(r), want)
	})
}

// A short backlog after a long one takes nothing from it.
func TestEachBacklogIsHeldForItsTime(t *testing.T) {
	long := Backlog{Seconds: 7200, PeakDeleted: 40, PeakProjects: 3, HoldUntil: at(20 * time.Minute)}
	short := Backlog{Seconds: 61, PeakDeleted: 50, HoldUntil: at(25 * time.Minute)}
	both := Backlog{Seconds: 7200, PeakDeleted: 50, PeakProjects: 3, HoldUntil: at(25 * time.Minute)}
	backlogs := []Backlog{long, short}
	wantEqual(t, "while both are held", exposedBacklog(backlogs, at(19*time.Minute)), both)
	wantEqual(t, "after the first", exposedBacklog(backlogs, at(20*time.Minute)), short)
	wantEqual(t, "after both", exposedBacklog(backlogs, at(25*time.Minute)), Backlog{})
	wantEqual(t, "kept", stillHeld(backlogs, at(20*time.Minute)), []Backlog{short})
}

func TestShortRestartIsNoBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := newRig(t, following(), Options{}, stream())
		first.run(50 * time.Second) // Without a commit but that at the end.
		wantEqual(t, "at the end of the stream", first.disk.last().AtEnd, at(45*time.Second))
		time.Sleep(40 * time.Second)
		again := newRig(t, restarted(t, first.disk.last()), Options{}, stream(client.Page{Events: events(5, at(time.Minute))}))
		again.run(time.Second)
		wantEqual(t, "backlogs", again.View().State.Backlogs, nil)
		wantEqual(t, "shown", shown(again.View()), map[Labels]uint64{deletedTask(): 5})
	})
}

func TestFirstTokenWithoutA412EndsAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		state := NewEpoch(time.Now())
		state.LostSince = at(0)
		r := newRig(t, state, Options{}, func(int, string) (client.Page, error) { return client.Page{Sync: "1"}, nil })
		r.run(5 * time.Minute)
		wantEqual(t, "gaps", gapsOf(r.View()), "lost 1 (3600 s), expired 0 (0 s)")
		wantEqual(t, "lost since", r.disk.last().LostSince, time.Time{})
		wantEqual(t, "backlog", latest(r.View().State), Backlog{}) // No position could be behind.
	})
}

// A position that died tells of all that goes with it.
func TestGapBeginsWithWhatNobodySaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		durable := following().With(client.Page{Sync: "1", Events: events(50, at(0))}, at(2*time.Hour), at(2*time.Hour), lax())
		time.Sleep(2*time.Hour + time.Minute)
		r := newRig(t, restarted(t, durable), Options{}, except(map[int]error{0: expired("7")}, stream()))
		r.run(time.Second)
		wantEqual(t, "gaps", gapsOf(r.View()), "lost 0 (0 s), expired 1 (7260 s)")
	})
}

// A restart takes seconds, and then Asana says no in the middle of what happened meanwhile: nobody has seen any of it.
func TestAllThatIsReadBeforeTheFirstEndIsInTheBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(10 * time.Second)
		pages := stream(client.Page{HasMore: true, Events: events(900, at(5*time.Second))}, client.Page{Events: events(1, at(time.Minute))})
		refused := map[int]error{1: &client.RateLimitError{RetryAfter: 5 * time.Minute}}
		r := newRig(t, following(), Options{}, except(refused, pages))
		r.run(6 * time.Minute)
		got := exposedBacklog(r.View().State.Backlogs, time.Now())
		wantEqual(t, "backlog", got, Backlog{Seconds: 310, PeakDeleted: 901, HoldUntil: at(25*time.Minute + 10*time.Second)})
	})
}

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
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asana-exporter/asana_exporter/client"
)

const patience = 40 * time.Second // Between polls, so that a reveal is seen to be none.

// A sight is what a scrape sees of one series.
type sight struct {
	At    time.Duration
	Value uint64
}

// sights follows until end, and returns how the value of a label set is seen to change by scrapes every second.
func sights(r *rig, labels Labels, end time.Duration) []sight {
	var seen []sight
	stop := r.start()
	time.Sleep(time.Second / 4)
	stopWatching := everySecond(func() { seen = append(seen, sight{since(), shown(r.View())[labels]}) })
	time.Sleep(end - since())
	stop()
	stopWatching()
	return slices.CompactFunc(seen, func(a, b sight) bool { return a.Value == b.Value })
}

// past returns the time of a scrape: a quarter of a second past the full one, when no poll happens.
func past(seconds int) time.Duration { return time.Duration(seconds)*time.Second + time.Second/4 }

// fiveAdded is a page with five events of a new series.
func fiveAdded() client.Page {
	return client.Page{Events: slices.Repeat([]client.Event{event("added", "task", at(0))}, 5)}
}

func TestNewSeriesIsRevealedBetweenPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, following(), Options{ZeroFirst: patience}, quiet(1, stream(fiveAdded())))
		got := sights(r, addedTask(), 5*time.Minute)
		// Counted at 15 s; 40 s later is no time of a poll.
		wantEqual(t, "seen", got, []sight{{past(1), 0}, {past(55), 5}})
		if !slices.Contains(r.disk.at, 55*time.Second) {
			t.Errorf("commits at %s: none when it was revealed", r.disk.at)
		}
		if slices.Contains(r.asana.askedAt, 55*time.Second) {
			t.Error("the reveal was a poll")
		}
	})
}

// A commit that takes long is no part of the time during which a series is seen at 0.
func TestNewSeriesIsSeenAtZeroForTheWholeTimeOnASlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, following(), Options{ZeroFirst: patience}, quiet(1, stream(fiveAdded())))
		r.disk.fail = func(int) error { time.Sleep(10 * time.Second); return nil }
		got := sights(r, addedTask(), 5*time.Minute)
		// Counted at 15 s, seen at 25 s, and so due at 65 s; that commit takes 10 s, too.
		wantEqual(t, "seen", got, []sight{{past(1), 0}, {past(75), 5}})
	})
}

// A failing Asana keeps no series at zero.
func TestSeriesAreRevealedWhilePollsFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failures := map[int]error{}
		for call := 1; call < 100; call++ {
			failures[call] = &client.StatusError{Status: 503}
		}
		r := newRig(t, following(), Options{ZeroFirst: patience}, except(failures, stream(fiveAdded())))
		got := sights(r, addedTask(), time.Hour)
		wantEqual(t, "seen", got, []sight{{past(1), 0}, {past(40), 5}})
	})
}

func TestRevealThatCanNotBeSavedIsNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, following(), Options{ZeroFirst: patience}, stream(fiveAdded()))
		r.disk.fail = func(save int) error {
			if save > 0 && since() < 100*time.Second {
				return syscall.ENOSPC
			}
			return nil
		}
		got := sights(r, addedTask(), 5*time.Minute)
		// There is room again at 100 s; the next poll is at 123.5 s, since those that could not be saved were failures.
		wantEqual(t, "seen", got, []sight{{past(1), 0}, {past(124), 5}})
		if r.disk.saves > 21 {
			t.Errorf("%d attempts to save", r.disk.saves)
		}
	})
}

// It is tried again after the next poll, even if that brings nothing to commit.
func TestRevealThatCouldNotBeSavedWaitsForOnePoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, following(), Options{ZeroFirst: patience}, stream(fiveAdded()))
		r.disk.fail = func(int) error {
			if since() == patience {
				return syscall.ENOSPC
			}
			return nil
		}
		got := sights(r, addedTask(), 2*time.Minute)
		// Counted at 0 s and due at 40 s. The poll is at 45 s, and the next quiet one that is committed at 60 s.
		wantEqual(t, "seen", got, []sight{{past(1), 0}, {past(45), 5}})
	})
}

// Rule Z: wherever a process ends, the next one goes on from the last commit and shows no less.
func TestRestartShowsNoLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type moment struct {
			durable State
			shown   map[Labels]uint64
		}
		var life []moment
		var r *rig
		remember := func() { life = append(life, moment{r.disk.last(), shown(r.View())}) }
		pages := stream(fiveAdded(), client.Page{Events: events(3, at(0))}, fiveAdded(), client.Page{Events: events(3, at(0))}, fiveAdded())
		r = newRig(t, following(), Options{ZeroFirst: patience}, func(call int, token string) (client.Page, error) {
			remember()
			return pages(call, token)
		})
		r.disk.fail = func(int) error { remember(); return nil }
		r.run(2 * time.Minute)
		wantEqual(t, "in the end", life[len(life)-1].shown, map[Labels]uint64{addedTask(): 15, deletedTask(): 6})

		for _, m := range life {
			again := newRig(t, restarted(t, m.durable), Options{ZeroFirst: patience}, pages)
			again.run(time.Second)
			view := again.View()
			for labels, before := range m.shown {
				if after := shown(view)[labels]; after < before || !view.State.Epoch.Equal(at(0)) {
					t.Errorf("%+v: %d was seen, and %d after a restart", labels, before, after)
				}
			}
		}
	})
}

// Time in which nothing was served does not count, nor does time before the first catch-up.
func TestRevealWaitsAnewAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := newRig(t, following(), Options{ZeroFirst: patience}, stream(fiveAdded()))
		first.run(30 * time.Second)
		time.Sleep(15 * time.Second)
		down := map[int]error{0: &client.RateLimitError{RetryAfter: 10 * time.Second}}
		again := newRig(t, restarted(t, first.disk.last()), Options{ZeroFirst: patience}, except(down, first.asana.answer))
		got := sights(again, addedTask(), 5*time.Minute)
		// Ready at 55 s, and so seen at 0 since then.
		wantEqual(t, "seen", got, []sight{{past(46), 0}, {past(95), 5}})
	})
}

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
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/asana-exporter/asana_exporter/client"
)

// gapsOf returns the visible gaps, as count and seconds, of state_lost and of token_expired.
func gapsOf(view *View) string {
	lost, lostSeconds := view.State.Gaps[0].Visible()
	expired, expiredSeconds := view.State.Gaps[2].Visible()
	return fmt.Sprintf("lost %d (%g s), expired %d (%g s)", lost, lostSeconds, expired, expiredSeconds)
}

func TestFirstStartAsksForATokenAndCountsFromThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, NewEpoch(at(0)), Options{}, except(
			map[int]error{0: expired("0")},
			stream(client.Page{HasMore: true, Events: events(2, at(0))}, client.Page{Events: events(3, at(0))}),
		))
		r.run(16 * time.Second)
		wantEqual(t, "asked", r.asana.asked, []question{{0, ""}, {0, "0"}, {0, "1"}, {15 * time.Second, "2"}})
		view := r.View()
		wantEqual(t, "shown", shown(view), map[Labels]uint64{deletedTask(): 5})
		wantEqual(t, "gaps", gapsOf(view), "lost 0 (0 s), expired 0 (0 s)")
		wantEqual(t, "backlog", latest(view.State), Backlog{})
	})
}

func TestStartAfterADamagedFileIsAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		state := NewEpoch(time.Now())
		state.LostSince = at(0)
		r := newRig(t, state, Options{}, except(map[int]error{0: expired("0")}, stream()))
		r.run(5 * time.Minute)
		wantEqual(t, "gaps", gapsOf(r.View()), "lost 1 (3600 s), expired 0 (0 s)")
		wantEqual(t, "lost since", r.disk.last().LostSince, time.Time{})
	})
}

// The state may be an old copy, so somebody may have seen more than it holds.
func TestTokenExpiredAtTheStartBeginsAnEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state := following().With(client.Page{Sync: "old", Events: events(7, at(0))}, at(0), at(0), lax()).reveal(at(0), 0)
		time.Sleep(25 * time.Hour)
		failures := map[int]error{0: &client.StatusError{Status: 502}, 1: expired("0")}
		r := newRig(t, state, Options{}, except(failures, stream(client.Page{Events: events(2, time.Now())})))
		r.run(10 * time.Second)
		wantEqual(t, "asked", r.asana.asked, []question{
			{25 * time.Hour, "old"},
			{25*time.Hour + 500*time.Millisecond, "old"},
			{25*time.Hour + time.Second, "0"}, // A refusal like any other, so it waits.
		})
		view := r.View()
		wantEqual(t, "shown", shown(view), map[Labels]uint64{deletedTask(): 2})
		wantEqual(t, "epoch", view.State.Epoch, at(25*time.Hour+500*time.Millisecond))
		wantEqual(t, "created", seriesOf(t, view.State, deletedTask()).Created, view.State.Epoch)
		wantEqual(t, "gaps", gapsOf(view), "lost 0 (0 s), expired 1 (90000.5 s)")
		wantEqual(t, "backlog", latest(view.State), Backlog{})
	})
}

// When Asana answers again after a day, what happens is to be read at once, and not when the wait for an Asana that is down
// is over.
func TestFreshPositionAfterALongOutageIsUsedSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var renewed time.Duration
		r := newRig(t, following(), Options{}, func(call int, _ string) (client.Page, error) {
			switch {
			case call == 0 || renewed > 0:
				return client.Page{Sync: "1"}, nil
			case since() < 25*time.Hour:
				return client.Page{}, &client.StatusError{Status: 503}
			}
			renewed = since()
			return client.Page{}, expired("1")
		})
		r.run(26 * time.Hour)
		next := slices.Index(r.asana.askedAt, renewed) + 1
		wantEqual(t, "waited", r.asana.askedAt[next]-renewed, 500*time.Millisecond)
	})
}

// An Asana that has fallen silent is known by the age of its newest event, in whatever epoch that was counted.
func TestNewEpochKeepsTheTimeOfTheNewestEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state := following().With(client.Page{Sync: "old", Events: events(7, at(0))}, at(0), at(0), lax())
		time.Sleep(25 * time.Hour)
		r := newRig(t, state, Options{}, except(map[int]error{0: expired("0")}, stream()))
		r.run(time.Second)
		const name, want = "asana_workspace_last_event_timestamp_seconds", `
# HELP asana_workspace_last_event_timestamp_seconds Time of the newest event that was counted.
# TYPE asana_workspace_last_event_timestamp_seconds gauge
asana_workspace_last_event_timestamp_seconds{workspace="1"} 9.466848e+08
`
		if err := testutil.GatherAndCompare(r.registry, strings.NewReader(want), name); err != nil {
			t.Error(err)
		}
	})
}

func TestTokenExpiredWhileRunningKeepsTheCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pages := stream(client.Page{Events: events(7, at(0))}, client.Page{Events: events(2, at(0))})
		r := newRig(t, following(), Options{}, except(map[int]error{1: expired("1")}, pages))
		stop := r.start()
		time.Sleep(15 * time.Second)
		synctest.Wait()
		view := r.View()
		wantEqual(t, "shown", shown(view), map[Labels]uint64{deletedTask(): 7})
		wantEqual(t, "gaps", gapsOf(view), "lost 0 (0 s), expired 1 (15 s)")
		wantEqual(t, "up", view.Up, false)
		time.Sleep(time.Second)
		stop()
		view = r.View()
		wantEqual(t, "shown later", shown(view), map[Labels]uint64{deletedTask(): 9})
		wantEqual(t, "epoch", view.State.Epoch, at(0))
		wantEqual(t, "up later", view.Up, true)
	})
}

// What was read of the backlog is published as one, and only the rest is a gap.
func TestTokenExpiredInACatchUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pages := stream(
			client.Page{Events: events(1, at(0))},
			client.Page{HasMore: true, Events: events(10, at(20*time.Minute))},
			client.Page{HasMore: true, Events: events(10, at(40*time.Minute))},
			client.Page{Events: events(1, at(2*time.Hour))},
		)
		failures := map[int]error{3: expired("3")}
		r := newRig(t, following(), Options{}, func(call int, token string) (client.Page, error) {
			if call == 1 {
				time.Sleep(2*time.Hour - 15*time.Second) // An outage, as seen by somebody with patience.
			}
			return except(failures, pages)(call, token)
		})
		stop := r.start()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		view := r.View()
		wantEqual(t, "shown", shown(view), map[Labels]uint64{deletedTask(): 21})
		wantEqual(t, "catching up", view.CatchingUp(), false)
		backlog := Backlog{Seconds: 2400, PeakDeleted: 10, HoldUntil: at(2*time.Hour + 20*time.Minute)}
		wantEqual(t, "backlog", latest(view.State), backlog)
		wantEqual(t, "gaps", gapsOf(view), "lost 0 (0 s), expired 1 (4800 s)")
		time.Sleep(time.Second)
		stop()
		wantEqual(t, "asked", r.asana.asked, []question{
			{0, "0"}, {15 * time.Second, "1"}, {2 * time.Hour, "2"}, {2 * time.Hour, "3"}, {2*time.Hour + 500*time.Millisecond, "3"},
		})
		wantEqual(t, "shown later", shown(r.View()), map[Labels]uint64{deletedTask(): 22})
		wantEqual(t, "backlog later", latest(r.View().State), backlog)
	})
}

func TestTokenExpiredWithoutAFreshOneKeepsTheOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failures := map[int]error{0: expired(""), 1: expired("")}
		r := newRig(t, following(), Options{}, except(failures, stream(client.Page{Events: events(2, at(0))})))
		r.run(5 * time.Second)
		wantEqual(t, "asked", r.asana.asked, []question{{0, "0"}, {500 * time.Millisecond, "0"}, {1500 * time.Millisecond, "0"}, {1500 * time.Millisecond, "1"}})
		wantEqual(t, "shown", shown(r.View()), map[Labels]uint64{deletedTask(): 2})
		wantEqual(t, "gaps", gapsOf(r.View()), "lost 0 (0 s), expired 0 (0 s)")
	})
}

func TestGapThatCanNotBeSavedIsNotCountedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failures := map[int]error{1: expired("a"), 2: expired("b"), 3: expired("1")}
		r := newRig(t, following(), Options{}, except(failures, stream(client.Page{Events: events(2, at(0))}, client.Page{})))
		r.disk.fail = func(save int) error {
			if save == 1 || save == 2 {
				return syscall.EIO
			}
			return nil
		}
		r.run(20 * time.Second)
		wantEqual(t, "asked", r.asana.asked, []question{
			{0, "0"}, {15 * time.Second, "1"}, {15500 * time.Millisecond, "1"}, {16500 * time.Millisecond, "1"}, {17 * time.Second, "1"},
		})
		wantEqual(t, "shown", shown(r.View()), map[Labels]uint64{deletedTask(): 2})
		wantEqual(t, "gaps", gapsOf(r.View()), "lost 0 (0 s), expired 1 (16.5 s)")
	})
}

// The position dies in the middle of a catch-up, and the page that comes without a token begins after the gap.
func TestBacklogOfADeadPositionEndsAtTheGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, following(), Options{}, func(call int, token string) (client.Page, error) {
			switch {
			case call == 0:
				time.Sleep(20 * time.Minute) // An outage.
				return client.Page{Sync: "1", HasMore: true, Events: events(10, at(10*time.Minute))}, nil
			case token == "":
				return client.Page{Sync: "2", Events: events(3, time.Now())}, nil
			case token == "1":
				return client.Page{}, &client.StatusError{Status: http.StatusBadRequest}
			}
			return client.Page{Sync: token}, nil
		})
		r.asana.anyToken = true
		r.run(26 * time.Hour)
		wantEqual(t, "shown", shown(r.View()), map[Labels]uint64{deletedTask(): 13})
		var backlogs []Backlog
		for _, saved := range r.disk.saved {
			backlogs = append(backlogs, saved.Backlogs...)
		}
		gap := at(0).Add(r.asana.askedAt[slices.IndexFunc(r.asana.asked, func(q question) bool { return q.Token == "" })])
		wantEqual(t, "backlogs", slices.Compact(backlogs), []Backlog{{Seconds: 600, PeakDeleted: 10, HoldUntil: gap.Add(20 * time.Minute)}})
	})
}

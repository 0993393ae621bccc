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
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/client"
)

func TestBacklogBeginsAfterAWhile(t *testing.T) {
	for _, test := range []struct {
		behind time.Duration
		want   float64
	}{
		{time.Minute, 0},
		{time.Minute + time.Millisecond, 60.001},
		{3 * time.Hour, 3 * 3600},
	} {
		s := following().With(client.Page{Sync: "1", Events: events(1, at(0))}, at(test.behind), at(test.behind), lax())
		if latest(s).Seconds != test.want || s.Open {
			t.Errorf("%s after the end of the stream: a backlog of %v s, want %v; open: %v", test.behind, latest(s).Seconds, test.want, s.Open)
		}
	}
}

// peak looks at every window of 15 minutes that there is, by steps of 10 s: one more than the window, since it is never too low.
func peak(deletions []time.Time) uint64 {
	var most uint64
	for _, first := range deletions {
		var inside uint64
		for _, other := range deletions {
			if age := other.Truncate(stepLength).Sub(first.Truncate(stepLength)); age >= 0 && age <= peakWindow {
				inside++
			}
		}
		most = max(most, inside)
	}
	return most
}

func TestPeakIsThatOfTheFullestWindow(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 4))
		s := following()
		end := at(time.Duration(1+r.IntN(300)) * time.Minute)
		var deletions, projects []time.Time
		for page := range 1 + r.IntN(5) {
			p := client.Page{Sync: strconv.Itoa(page), HasMore: true}
			for range r.IntN(60) {
				created := at(time.Duration(r.Int64N(int64(end.Sub(at(0))))))
				if r.IntN(3) == 0 { // A burst.
					created = at(time.Duration(r.IntN(20)) * time.Minute)
				}
				resource := []string{"task", "project", "story"}[r.IntN(3)]
				action := []string{"deleted", "added"}[r.IntN(2)]
				p.Events = append(p.Events, event(action, resource, created))
				if action == "deleted" {
					deletions = append(deletions, created)
				}
				if action == "deleted" && resource == "project" {
					projects = append(projects, created)
				}
			}
			s = s.With(p, end.Add(time.Hour), end.Add(time.Hour), lax())
		}
		s = restarted(t, s).With(client.Page{Sync: "end"}, end.Add(time.Hour), end.Add(time.Hour), lax())
		want := Backlog{
			Seconds: (end.Sub(at(0)) + time.Hour).Seconds(), PeakDeleted: peak(deletions), PeakProjects: peak(projects),
			HoldUntil: end.Add(time.Hour + 20*time.Minute),
		}
		wantEqual(t, "seed "+strconv.FormatUint(seed, 10), latest(s), want)
	}
}

// Undated deletions and those of wild dates are counted where the backlog ends or begins: they are never left out, and
// there is a limit to the number of steps that are kept.
func TestWildDatesCountAtTheEdges(t *testing.T) {
	now := at(2 * time.Hour)
	r := &Stretch{Since: at(time.Hour)}
	r = r.with([]client.Event{
		event("deleted", "task", time.Time{}),                 // Without a date: now.
		event("deleted", "task", now.Add(59*time.Minute)),     // Asana's clock is ahead.
		event("deleted", "task", now.AddDate(1000, 0, 0)),     // Wild.
		event("deleted", "project", now.AddDate(-1000, 0, 0)), // Wild.
		event("deleted", "project", at(-23*time.Hour)),        // As old as may be.
		event("deleted", "task", at(-22*time.Hour)),           // Late.
		event("added", "task", at(90*time.Minute)),            // No deletion.
	}, now)
	first, last := stepOf(at(-23*time.Hour)), stepOf(now)
	want := []step{{first, 2, 2}, {first + 360, 1, 0}, {last, 3, 0}}
	wantEqual(t, "steps", r.Steps, want)
}

func TestNumberOfStepsHasALimit(t *testing.T) {
	const day, year = 24 * time.Hour, 365 * 24 * time.Hour
	for _, behind := range []time.Duration{day, year} { // As long as Asana keeps events, or longer than it should.
		now := at(year)
		r := &Stretch{Since: now.Add(-behind)}
		random := rand.New(rand.NewPCG(5, 0))
		for range 20 {
			list := make([]client.Event, 1000)
			for i := range list {
				list[i] = event("deleted", "task", now.Add(-time.Duration(random.Int64N(int64(year)))))
			}
			r = r.with(list, now)
		}
		if most := 2*24*60*6 + 1; len(r.Steps) > most {
			t.Errorf("%s behind: %d steps, want at most %d", behind, len(r.Steps), most)
		}
		if !slices.IsSortedFunc(r.Steps, func(a, b step) int { return int(a.At - b.At) }) {
			t.Errorf("%s behind: steps are not sorted", behind)
		}
	}
}

func TestBacklogIsHeldFor20Minutes(t *testing.T) {
	s := following().With(client.Page{Sync: "1", Events: events(7, at(time.Minute))}, at(time.Hour), at(time.Hour), lax())
	want := Backlog{Seconds: 3600, PeakDeleted: 7, HoldUntil: at(80 * time.Minute)}
	for _, test := range []struct {
		now  time.Duration
		want Backlog
	}{
		{60 * time.Minute, want},
		{80*time.Minute - 1, want},
		{80 * time.Minute, Backlog{}},
		{100 * time.Minute, Backlog{}},
		{59 * time.Minute, want},           // The clock was set back a little,
		{-365 * 24 * time.Hour, Backlog{}}, // or to last year.
	} {
		wantEqual(t, "after "+test.now.String(), exposedBacklog(s.Backlogs, at(test.now)), test.want)
		wantEqual(t, "after "+test.now.String()+" and a restart", exposedBacklog(restarted(t, s).Backlogs, at(test.now)), test.want)
	}
}

func TestQuietPagesLeaveTheBacklogAlone(t *testing.T) {
	s := following().With(client.Page{Sync: "1", Events: events(7, at(time.Minute))}, at(time.Hour), at(time.Hour), lax())
	want := latest(s)
	s.Pending = nil // Published.
	for i := range 10 {
		now := at(time.Hour + time.Duration(i)*time.Minute)
		s = s.With(client.Page{Sync: "1"}, now, now, lax())
	}
	wantEqual(t, "backlog", latest(s), want)
}

func TestExpiredTokenEndsABacklogWhereItWasRead(t *testing.T) {
	for _, test := range []struct {
		name   string
		newest time.Time // Of what was read.
		want   time.Duration
	}{
		{"in the middle", at(20 * time.Minute), 20 * time.Minute},
		{"nothing inside it", at(-time.Minute), 0},
		{"a clock ahead", at(2*time.Hour + time.Minute), 2 * time.Hour},
		{"no dates", time.Time{}, 0},
	} {
		s := following().With(client.Page{Sync: "1", HasMore: true, Events: events(4, test.newest)}, at(2*time.Hour), at(2*time.Hour), lax())
		s, lost := s.Expired("2", at(2*time.Hour), at(2*time.Hour), true, lax())
		wantEqual(t, test.name, latest(s), Backlog{Seconds: test.want.Seconds(), PeakDeleted: 4, HoldUntil: at(2*time.Hour + 20*time.Minute)})
		wantEqual(t, test.name+": gap", lost.To.Sub(lost.From), 2*time.Hour-test.want)
	}
}

// Asana keeps tokens and events for a day: what seems longer, or ends before it began, comes from a clock that was set.
func TestBacklogIsNeverLongerThanADay(t *testing.T) {
	for _, test := range []struct {
		name  string
		atEnd time.Time
		want  float64
	}{
		{"23 hours", at(-23 * time.Hour), 23 * 3600},
		{"50 years", at(-50 * 365 * 24 * time.Hour), 24 * 3600},
		{"a clock that was ahead", at(time.Hour), 0},
	} {
		s := following()
		s.AtEnd = test.atEnd
		s = restarted(t, s).With(client.Page{Sync: "1", Events: events(1, at(0))}, at(0), at(0), lax())
		wantEqual(t, test.name, latest(s).Seconds, test.want)
	}
}

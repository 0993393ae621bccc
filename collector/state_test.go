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

// randomPage returns a page such as nobody documents: few or many label sets, broken text, wild dates, more or not.
func randomPage(r *rand.Rand, now time.Time) client.Page {
	pick := func(values ...string) string { return values[r.IntN(len(values))] }
	page := client.Page{Sync: strconv.Itoa(r.Int()), HasMore: r.IntN(3) > 0}
	for range r.IntN(20) {
		created := now.Add(-time.Duration(r.Int64N(int64(3 * time.Hour))))
		switch r.IntN(10) {
		case 0:
			created = time.Time{}
		case 1:
			created = now.AddDate(r.IntN(200)-100, 0, 0)
		}
		page.Events = append(page.Events, client.Event{
			Action:          pick("deleted", "deleted", "changed", "added", "conjured", "", "_folded"),
			ResourceType:    pick("task", "task", "project", "dragon", "", "ta\xffsk", "_folded"),
			ResourceSubtype: pick("", "default_task", "s"+strconv.Itoa(r.IntN(20)), "\xf0\x9f", "_folded"),
			ChangeField:     pick("", "name", "f"+strconv.Itoa(r.IntN(20))),
			ParentType:      pick("", "", "project", "section", "_folded"),
			CreatedAt:       created,
		})
	}
	return page
}

// randomStates returns the states of a life: pages, expired tokens, reveals, hours without a word.
func randomStates(r *rand.Rand, limits Limits) []State {
	now := at(0)
	states := []State{NewEpoch(now)}
	for range 2 + r.IntN(25) {
		now = now.Add(time.Duration(r.Int64N(int64(2 * time.Minute))))
		s := states[len(states)-1]
		switch r.IntN(10) {
		case 0:
			s, _ = s.Expired(strconv.Itoa(r.Int()), now, now, r.IntN(3) > 0, lax())
		case 1:
			s = s.exposed(now, true)
		case 2:
			s = s.reveal(now, limits.ZeroFirst)
		case 3:
			s.Name = "Ex\u00e4mple"
		default:
			s = s.With(randomPage(r, now), now, now, limits)
		}
		states = append(states, s)
	}
	return states
}

func TestOlderStatesStayAsTheyWere(t *testing.T) {
	limits := Limits{ZeroFirst: time.Minute, MaxSeries: 40, CatchUpAfter: time.Minute}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		states := randomStates(r, limits)
		before := make([]string, len(states))
		for i, s := range states {
			before[i] = encoded(t, s)
		}
		for _, s := range slices.Backward(states) { // Each goes on in two ways.
			now := at(time.Duration(r.Int64N(int64(time.Hour))))
			for range 2 {
				s.With(randomPage(r, now), now, now, limits).exposed(now, true).reveal(now.Add(time.Hour), limits.ZeroFirst)
			}
		}
		for i, s := range states {
			if got := encoded(t, s); got != before[i] {
				t.Fatalf("seed %d: state %d changed from\n%s\nto\n%s", seed, i, before[i], got)
			}
		}
	}
}

// What two states share (the index of label sets) must not tell one what the other has counted.
func TestStatesThatBranchKnowNothingOfEachOther(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		states := randomStates(r, lax())
		s := states[len(states)-1]
		now := s.Committed.Add(time.Second)
		page1, page2 := randomPage(r, now), randomPage(r, now)
		s.With(page1, now, now, lax())
		got := encoded(t, s.With(page2, now, now, lax()))

		alone, err := decode([]byte(encoded(t, s)))
		if err != nil {
			t.Fatal(err)
		}
		if want := encoded(t, alone.With(page2, now, now, lax())); got != want {
			t.Fatalf("seed %d: beside another branch\n%s\nalone\n%s", seed, got, want)
		}
	}
}

func TestEveryEventIsCountedOnce(t *testing.T) {
	for _, maxSeries := range []int{0, 1, 2, 10, 100, 5000} {
		for seed := range uint64(30) {
			r := rand.New(rand.NewPCG(seed, 2))
			s := NewEpoch(at(0))
			now := at(0)
			var events, deletions uint64
			for range 30 {
				page := randomPage(r, now)
				for _, e := range page.Events {
					events++
					if e.Action == "deleted" {
						deletions++
					}
				}
				s = s.With(page, now, now, Limits{MaxSeries: maxSeries, CatchUpAfter: time.Minute})
				now = now.Add(time.Minute)
			}
			var sum, sumDeleted, apart uint64
			for labels, value := range counts(s) {
				sum += value
				if labels.Action == "deleted" {
					sumDeleted += value
				}
				if !labels.isFolded() {
					apart++
				}
			}
			if sum != events || sumDeleted != deletions {
				t.Errorf("limit %d, seed %d: %d events and %d deletions counted, want %d and %d",
					maxSeries, seed, sum, sumDeleted, events, deletions)
			}
			if s.Active() != int(apart) || s.Active() > maxSeries+len(ZeroSeries()) {
				t.Errorf("limit %d, seed %d: Active() = %d, and %d sets are counted apart", maxSeries, seed, s.Active(), apart)
			}
		}
	}
}

func TestFurtherSeriesAreFolded(t *testing.T) {
	limits := Limits{MaxSeries: 2, CatchUpAfter: time.Minute}
	change := func(field string) client.Event {
		return client.Event{Action: "changed", ResourceType: "task", ChangeField: field}
	}
	s := following().With(client.Page{Sync: "1", Events: []client.Event{
		change("name"), event("deleted", "project", at(0)), // Room for these two.
		change("notes"), change("due_on"), event("deleted", "dragon", at(0)), change("name"),
		event("deleted", "tag", at(0)), // Exposed at 0 already, so it costs nothing.
	}}, at(0), at(0), limits)
	want := map[Labels]uint64{
		{Action: "changed", ResourceType: "task", ChangeField: "name"}: 2,
		{Action: "deleted", ResourceType: "project"}:                   1,
		{Action: "deleted", ResourceType: "tag"}:                       1,
		{"changed", "task", folded, folded, folded}:                    2,
		{"deleted", folded, folded, folded, folded}:                    1,
	}
	wantEqual(t, "counts", counts(s), want)
	if s.Active() != 3 || s.reveal(at(0), 0).foldedEvents() != 3 {
		t.Errorf("%d sets and %d folded events, want 3 and 3", s.Active(), s.reveal(at(0), 0).foldedEvents())
	}
}

// An event that has the labels of the folded series does not count there.
func TestEventWithFoldedLabels(t *testing.T) {
	s := following().With(client.Page{Sync: "1", Events: []client.Event{
		{Action: "changed", ResourceType: "task"},
		{Action: "changed", ResourceType: "task", ChangeField: "name"}, // There is no room for it.
		{Action: "changed", ResourceType: "task", ResourceSubtype: folded, ChangeField: folded, ParentType: folded},
	}}, at(0), at(0), Limits{MaxSeries: 1, CatchUpAfter: time.Minute})
	wantEqual(t, "counts", counts(s), map[Labels]uint64{
		{Action: "changed", ResourceType: "task"}:   2,
		{"changed", "task", folded, folded, folded}: 1,
	})
}

func TestLoweringTheLimitDropsNothing(t *testing.T) {
	var page client.Page
	want := map[Labels]uint64{}
	for i := range 10 {
		e := event("changed", "type"+strconv.Itoa(i), at(0))
		page.Events = append(page.Events, e)
		want[classify(e)] = 2
	}
	s := following().With(page, at(0), at(0), lax())
	page.Events = append(page.Events, event("changed", "task", at(0)))
	s = s.With(page, at(0), at(0), Limits{MaxSeries: 3, CatchUpAfter: time.Minute})
	want[Labels{"changed", "task", folded, folded, folded}] = 1
	wantEqual(t, "counts", counts(s), want)
}

func TestCreatedNeverMoves(t *testing.T) {
	for seed := range uint64(50) {
		states := randomStates(rand.New(rand.NewPCG(seed, 3)), lax())
		created := map[Labels]time.Time{}
		epoch := states[0].Epoch
		for i, s := range states {
			if !s.Epoch.Equal(epoch) {
				epoch, created = s.Epoch, map[Labels]time.Time{}
			}
			for _, series := range s.Series() {
				first, seen := created[series.Labels]
				switch {
				case seen && !series.Created.Equal(first):
					t.Fatalf("seed %d, state %d: %+v was created %s and now %s", seed, i, series.Labels, first, series.Created)
				case series.Created.Before(s.Epoch):
					t.Fatalf("seed %d, state %d: %+v is older than its epoch", seed, i, series.Labels)
				case !seen && i > 0 && series.Value > 0 && series.Created.After(states[i-1].Committed):
					t.Fatalf("seed %d, state %d: %+v was created after the commit before it", seed, i, series.Labels)
				}
				created[series.Labels] = series.Created
			}
		}
	}
}

func TestNewestEventIsRemembered(t *testing.T) {
	now := at(time.Hour)
	page := func(created ...time.Time) client.Page {
		var p client.Page
		for _, at := range created {
			p.Events = append(p.Events, event("added", "task", at))
		}
		return p
	}
	s := following()
	for _, test := range []struct {
		name string
		page client.Page
		want time.Time
	}{
		{"no date", page(time.Time{}), time.Time{}},
		{"out of order", page(at(time.Minute), at(3*time.Minute), at(2*time.Minute)), at(3 * time.Minute)},
		{"older", page(at(time.Minute)), at(3 * time.Minute)},
		{"a clock a little ahead", page(now.Add(time.Second)), now.Add(time.Second)},
		{"a wild date", page(now.AddDate(50, 0, 0)), now.Add(time.Second)},
		{"more than milliseconds", page(now.Add(time.Minute + 1234567)), now.Add(time.Minute + time.Millisecond)},
	} {
		s = s.With(test.page, now, now, lax())
		if !s.LastEvent.Equal(test.want) {
			t.Errorf("%s: newest event at %s, want %s", test.name, s.LastEvent, test.want)
		}
	}
}

func TestNewSeriesIsNotCreatedInTheFuture(t *testing.T) {
	page := client.Page{Sync: "1", Events: []client.Event{event("added", "task", at(0))}}
	s := following().With(page, at(-time.Hour), at(-time.Hour), lax()) // The clock was set back.
	wantEqual(t, "created", seriesOf(t, s, addedTask()).Created, at(-time.Hour))
}

package collector

import (
	"slices"
	"testing"
	"time"

	"asana_exporter/client"
)

// summary is what an expired token changes in a State.
type summary struct {
	Token            string
	Epoch, AtEnd     time.Time
	Events           uint64
	Expired, Lost    Gap
	Open             bool
	Backlog          Backlog
	Name             string
	Committed        time.Time
	LostSinceIsKnown bool
}

func summed(s State) summary {
	sum := summary{
		Token: s.Token, Epoch: s.Epoch, AtEnd: s.AtEnd, Lost: s.Gaps[0], Expired: s.Gaps[2], Open: s.Open,
		Backlog: latest(s), Name: s.Name, Committed: s.Committed, LostSinceIsKnown: !s.LostSince.IsZero(),
	}
	for _, n := range counts(s) {
		sum.Events += n
	}
	return sum
}

func TestReasonsAreInTheOrderOfTheGaps(t *testing.T) {
	if want := []Reason{"state_lost", "sync_error", "token_expired"}; !slices.Equal(Reasons(), want) || len(State{}.Gaps) != len(want) {
		t.Errorf("%q for %d gaps, want %q", Reasons(), len(State{}.Gaps), want)
	}
}

func TestExpiredToken(t *testing.T) {
	const minute = time.Minute
	created := func(count uint64, seconds float64) Gap { return Gap{count, seconds, exposure{Created: at(0)}} }
	counted := following().With(client.Page{Sync: "1", Events: events(5, at(0))}, at(10*minute), at(10*minute), lax())
	counted.AtEnd, counted.Pending, counted.Backlogs, counted.Name = at(10*minute), nil, nil, "Example"
	inBacklog := counted.With(client.Page{Sync: "2", HasMore: true, Events: events(3, at(40*minute))}, at(60*minute), at(60*minute), lax())
	damaged := NewEpoch(at(0))
	damaged.LostSince = at(-60 * minute)

	for _, test := range []struct {
		name     string
		state    State
		accepted bool
		lost     Lost
		want     summary
	}{
		{
			name: "at the first start of all", state: NewEpoch(at(0)),
			lost: Lost{TokenExpired, time.Time{}, at(70 * minute), false},
			want: summary{Token: "fresh", Epoch: at(0), AtEnd: at(70 * minute), Committed: at(70 * minute), Expired: created(0, 0), Lost: created(0, 0)},
		},
		{
			name: "after a damaged file", state: damaged,
			lost: Lost{StateLost, at(-60 * minute), at(70 * minute), true},
			want: summary{Token: "fresh", Epoch: at(0), AtEnd: at(70 * minute), Committed: at(70 * minute), Expired: created(0, 0), Lost: created(1, 130*60)},
		},
		{
			name: "while running", state: counted, accepted: true,
			lost: Lost{TokenExpired, at(10 * minute), at(70 * minute), false},
			want: summary{
				Token: "fresh", Epoch: at(0), AtEnd: at(70 * minute), Committed: at(70 * minute), Name: "Example", Events: 5,
				Expired: created(1, 60*60), Lost: created(0, 0),
			},
		},
		{
			name: "in the middle of a catch-up", state: inBacklog, accepted: true,
			lost: Lost{TokenExpired, at(40 * minute), at(70 * minute), false},
			want: summary{
				Token: "fresh", Epoch: at(0), AtEnd: at(70 * minute), Committed: at(70 * minute), Name: "Example", Events: 8,
				Expired: created(1, 30*60), Lost: created(0, 0),
				Backlog: Backlog{Seconds: 30 * 60, PeakDeleted: 3, HoldUntil: at(90 * minute)},
			},
		},
		{
			name: "before the first page of this process", state: counted,
			lost: Lost{TokenExpired, at(10 * minute), at(70 * minute), true},
			want: summary{
				Token: "fresh", Epoch: at(70 * minute), AtEnd: at(70 * minute), Committed: at(70 * minute), Name: "Example",
				Expired: created(1, 60*60), Lost: created(0, 0),
			},
		},
		{
			name: "before the first page of this process, in the catch-up of another", state: inBacklog,
			lost: Lost{TokenExpired, at(10 * minute), at(70 * minute), true},
			want: summary{
				Token: "fresh", Epoch: at(70 * minute), AtEnd: at(70 * minute), Committed: at(70 * minute), Name: "Example",
				Expired: created(1, 60*60), Lost: created(0, 0),
			},
		},
	} {
		before := encoded(t, test.state)
		next, lost := test.state.Expired("fresh", at(70*minute), at(70*minute), test.accepted, lax())
		if test.lost.From.IsZero() {
			lost.Reason = test.lost.Reason // Of nothing.
		}
		wantEqual(t, test.name+": lost", lost, test.lost)
		wantEqual(t, test.name+": state", summed(next), test.want)
		if encoded(t, test.state) != before {
			t.Errorf("%s: the older state changed", test.name)
		}
	}
}

func TestGapIsNeverNegative(t *testing.T) {
	s, _ := following().Expired("1", at(-time.Hour), at(-time.Hour), true, lax()) // The clock was set back.
	wantEqual(t, "gap", s.Gaps[2], Gap{1, 0, exposure{Created: at(0)}})
}

func TestNewEpochBeginsAllCountersAnew(t *testing.T) {
	s := born().exposed(at(0), true).reveal(at(time.Hour), zeroFirst)
	s, _ = s.Expired("2", at(time.Hour), at(time.Hour), false, lax())
	wantEqual(t, "series", s.Series(), NewEpoch(at(time.Hour)).Series())
	for _, series := range s.Series() {
		if want := (Series{Labels: series.Labels, exposure: exposure{Created: at(time.Hour)}}); series != want {
			t.Errorf("series %+v, want %+v", series, want)
		}
	}
}

// A sync_error is Asana's report of lost events: a gap of unknown length, and never a series.
func TestSyncErrorIsAGapAndNotAnEvent(t *testing.T) {
	page := client.Page{Sync: "1", Events: append(events(2, at(0)), client.Event{Action: "sync_error", CreatedAt: at(0)}, client.Event{Action: "sync_error"})}
	s := following().With(page, at(10*time.Second), at(10*time.Second), lax())
	wantEqual(t, "counted", counts(s), map[Labels]uint64{deletedTask(): 2})
	wantEqual(t, "series", len(s.Series()), len(ZeroSeries()))
	wantEqual(t, "gaps", s.Gaps, [3]Gap{{exposure: exposure{Created: at(0)}}, {2, 0, exposure{Created: at(0)}}, {exposure: exposure{Created: at(0)}}})
	wantEqual(t, "gaps after a restart", restarted(t, s).Gaps, s.Gaps)
}

package collector

import (
	"testing"
	"time"

	"asana_exporter/client"
)

const zeroFirst = 90 * time.Second

func patient() Limits {
	return Limits{ZeroFirst: zeroFirst, MaxSeries: 5000, CatchUpAfter: time.Minute}
}

// born is a State in which "added task" was counted 5 times, committed at 10 s.
func born() State {
	page := client.Page{Sync: "1"}
	for range 5 {
		page.Events = append(page.Events, event("added", "task", at(0)))
	}
	return following().With(page, at(10*time.Second), at(10*time.Second), patient())
}

func addedTask() Labels { return Labels{Action: "added", ResourceType: "task"} }

func TestNewSeriesIsAtZeroUntilItWasExposedLongEnough(t *testing.T) {
	s := born().exposed(at(10*time.Second), true)
	if got, want := s.nextReveal(zeroFirst, at(24*time.Hour)), at(100*time.Second); !got.Equal(want) {
		t.Errorf("next reveal at %s, want %s", got, want)
	}
	for _, test := range []struct {
		now  time.Duration
		want uint64
	}{
		{10 * time.Second, 0},
		{100*time.Second - 1, 0},
		{100 * time.Second, 5},
		{time.Hour, 5},
	} {
		if got := seriesOf(t, s.reveal(at(test.now), zeroFirst), addedTask()).Visible(); got != test.want {
			t.Errorf("after %s it shows %d, want %d", test.now, got, test.want)
		}
	}
}

func TestTimeThatNobodySawDoesNotCount(t *testing.T) {
	never := born().reveal(at(time.Hour), zeroFirst)
	if got := visible(never); len(got) > 0 {
		t.Errorf("not exposed for an hour, and then visible: %v", got)
	}
	if got := never.nextReveal(zeroFirst, at(24*time.Hour)); !got.Equal(at(24 * time.Hour)) {
		t.Errorf("next reveal at %s, want none", got)
	}

	afterRestart := restarted(t, born().exposed(at(10*time.Second), true)).exposed(at(time.Hour), true)
	for _, test := range []struct {
		now  time.Duration
		want uint64
	}{
		{time.Hour + zeroFirst - 1, 0},
		{time.Hour + zeroFirst, 5},
	} {
		if got := seriesOf(t, afterRestart.reveal(at(test.now), zeroFirst), addedTask()).Visible(); got != test.want {
			t.Errorf("at %s, exposed again since 1h, it shows %d, want %d", test.now, got, test.want)
		}
	}
}

func TestShownSeriesStaysShown(t *testing.T) {
	s := born().exposed(at(10*time.Second), true).reveal(at(100*time.Second), zeroFirst)
	s = restarted(t, s).exposed(at(200*time.Second), true)
	if got := seriesOf(t, s, addedTask()).Visible(); got != 5 {
		t.Errorf("after a restart it shows %d, want 5", got)
	}
	s = s.With(client.Page{Events: []client.Event{event("added", "task", at(0))}}, at(201*time.Second), at(201*time.Second), patient())
	if got := seriesOf(t, s, addedTask()).Visible(); got != 6 {
		t.Errorf("after another event it shows %d, want 6", got)
	}
}

// A known set was exposed at 0 for long before its first event.
func TestKnownSeriesShowsItsFirstEventAtOnce(t *testing.T) {
	s := following().exposed(at(0), true)
	s = s.With(client.Page{Events: events(3, at(0))}, at(2*time.Minute), at(2*time.Minute), patient()).reveal(at(2*time.Minute), zeroFirst)
	wantEqual(t, "visible", visible(s), map[Labels]uint64{deletedTask(): 3})
}

func TestZeroFirstCanBeTurnedOff(t *testing.T) {
	s := born().reveal(at(10*time.Second), 0)
	wantEqual(t, "visible", visible(s), map[Labels]uint64{addedTask(): 5})
}

func TestGapsAreAtZeroFirst(t *testing.T) {
	s := following().exposed(at(0), false)
	s, _ = s.Expired("1", at(30*time.Second), at(30*time.Second), true, lax())
	if got, want := s.nextReveal(zeroFirst, at(24*time.Hour)), at(zeroFirst); !got.Equal(want) {
		t.Errorf("next reveal at %s, want %s", got, want)
	}
	expiredGap := func(s State) [2]float64 {
		count, seconds := s.Gaps[2].Visible()
		return [2]float64{float64(count), seconds}
	}
	wantEqual(t, "too early", expiredGap(s.reveal(at(zeroFirst-1), zeroFirst)), [2]float64{0, 0})
	s = s.reveal(at(zeroFirst), zeroFirst)
	wantEqual(t, "in time", expiredGap(s), [2]float64{1, 30})
	wantEqual(t, "after a restart", expiredGap(restarted(t, s)), [2]float64{1, 30})
}

// restarted returns what is left of a State in another process.
func restarted(t *testing.T, s State) State {
	t.Helper()
	s, err := decode([]byte(encoded(t, s)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

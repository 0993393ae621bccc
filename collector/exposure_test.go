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

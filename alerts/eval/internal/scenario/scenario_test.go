package scenario

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestSameSeedGivesTheSameScenarios(t *testing.T) {
	const only = "syn-small-2,syn-medium-dailycron"
	first, again, other := Synthetic(5, 30, Short, only), Synthetic(5, 30, Short, only), Synthetic(6, 30, Short, only)
	if got, want := len(first), 4; got != want {
		t.Fatalf("%d scenarios, want %d", got, want)
	}
	if !reflect.DeepEqual(first, again) {
		t.Error("the same seed gave different scenarios")
	}
	if reflect.DeepEqual(first, other) {
		t.Error("different seeds gave the same scenarios")
	}
}

func TestIncidentsAddDeletions(t *testing.T) {
	all := Synthetic(5, 30, Short, "syn-sparse-1")
	clean, with := all[0], all[1]
	if len(clean.Incidents) != 0 || len(with.Incidents) < 10 {
		t.Fatalf("%d and %d incidents, want none and at least 10", len(clean.Incidents), len(with.Incidents))
	}
	extra := 0
	for _, w := range with.Incidents {
		extra += w.Extra
		if w.From < 0 || w.To > with.Minutes || w.Deadline < w.To {
			t.Errorf("incident out of range: %+v", w)
		}
	}
	if got, want := with.Deletions(), clean.Deletions()+extra; got != want {
		t.Errorf("%d deletions, want %d", got, want)
	}
}

func TestNoIncidentWithinAnOutageWhoseEventsAreLost(t *testing.T) {
	inOutage := 0
	for seed := range uint64(6) {
		s := Synthetic(seed, 91, Short, "syn-sparse-1_inc")[0]
		for _, w := range s.Incidents {
			for _, o := range s.Faults.Outages {
				if w.From < o.From || w.From >= o.To || !o.Long() {
					continue
				}
				if inOutage++; o.Kind == Lost {
					t.Errorf("seed %d: %s at minute %d can't be found", seed, w.Kind, w.From)
				}
			}
		}
	}
	if inOutage < 6 {
		t.Errorf("%d incidents within outages, the test shows nothing", inOutage)
	}
}

func TestCutDropsLaterIncidents(t *testing.T) {
	s := &Scenario{Minutes: 30 * Day, Incidents: []Window{{Deadline: 100}, {Deadline: 20 * Day}}}
	s.Cut(10)
	if s.Minutes != 10*Day || len(s.Incidents) != 1 {
		t.Errorf("%d minutes and %d incidents, want %d and 1", s.Minutes, len(s.Incidents), 10*Day)
	}
}

func TestReplicasFailAtDifferentTimes(t *testing.T) {
	f := Faults{Outages: []Outage{{100, 160, API}, {300, 360, Down}}, Restarts: []int{500}, StateLost: []int{2900}}
	want := Faults{Outages: []Outage{{100, 160, API}, {1300, 1360, Down}}, Restarts: []int{1500}, StateLost: []int{900}}
	if got := f.Of(1, 3000); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := f.Of(0, 3000); !reflect.DeepEqual(got, f) {
		t.Errorf("the first replica got %+v, want %+v", got, f)
	}
}

func TestNearFaults(t *testing.T) {
	f := Faults{Outages: []Outage{{100, 160, API}, {1000, 1005, API}}, Restarts: []int{500}}
	for minute, want := range map[float64]bool{99: false, 100: true, 280: true, 281: false, 530: true, 531: false, 1035: true, 1036: false} {
		if got := f.Near(minute); got != want {
			t.Errorf("minute %v: got %v, want %v", minute, got, want)
		}
	}
}

func TestTraceKeepsEveryCount(t *testing.T) {
	text := "# {\"bin\": 5, \"windows\": [[86400, 90000]], \"t0\": 0, \"t1\": 1728000}\n0,3\n720,40\n"
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "bike-x.csv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := Traces(folder, 1, "_clean")
	if err != nil {
		t.Fatal(err)
	}
	s := all[0]
	if len(all) != 1 || s.Group != "real-bikes" || s.Minutes != 20*Day || s.Deletions() != 43 {
		t.Errorf("got %d scenarios, group %s, %d minutes, %d deletions", len(all), s.Group, s.Minutes, s.Deletions())
	}
	if want := []Window{{Kind: "labelled", From: Day, To: Day + 60}}; !reflect.DeepEqual(s.Benign, want) {
		t.Errorf("known unusual times %+v, want %+v", s.Benign, want)
	}
}

func TestDamagedTraceIsRefused(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "x.csv"), []byte("# {\"t1\": 864000}\nno number\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Traces(folder, 1, ""); err == nil {
		t.Error("no error for a line that is no pair of numbers")
	}
}

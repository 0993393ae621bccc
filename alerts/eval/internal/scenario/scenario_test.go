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

package scenario

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestSameSeedGivesTheSameScenarios(t *testing.T) {
	const only = "syn-small-3,syn-medium-dailycron"
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
	if got, want := total(with), total(clean)+extra; got != want {
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
	f := Faults{Outages: []Outage{{100, 160, API}, {300, 360, Down}}, Restarts: []int{500}, StateLost: []int{2900}, Away: [][2]int{{9, 30}}}
	want := Faults{Outages: []Outage{{100, 160, API}, {1300, 1360, Down}}, Restarts: []int{1500}, StateLost: []int{900}, Away: [][2]int{{9, 30}}}
	if got := f.Of(1, 3000); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := f.Of(0, 3000); !reflect.DeepEqual(got, f) {
		t.Errorf("the first replica got %+v, want %+v", got, f)
	}
}

func TestNearFaults(t *testing.T) {
	f := Faults{Outages: []Outage{{100, 160, API}, {1000, 1005, API}}, Restarts: []int{500}, Away: [][2]int{{2000, 2030}}}
	for minute, want := range map[float64]bool{99: false, 100: true, 280: true, 281: false, 530: true, 531: false, 1035: true, 1036: false, 2150: true, 2151: false} {
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
	if len(all) != 1 || s.Group != "real-bikes" || s.Minutes != 20*Day || total(s) != 43 {
		t.Errorf("got %d scenarios, group %s, %d minutes, %d deletions", len(all), s.Group, s.Minutes, total(s))
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

func TestHeavyDiffersInLargeSessionsOnly(t *testing.T) {
	short, heavy := Synthetic(5, 30, Short, "syn-medium-1_clean")[0], Synthetic(5, 30, Heavy, "syn-medium-1_clean")[0]
	if !reflect.DeepEqual(short.Faults, heavy.Faults) {
		t.Error("the faults differ")
	}
	before, larger := deletions(short), 0
	for m, n := range deletions(heavy) {
		if n == before[m] {
			continue
		}
		if larger++; n < before[m] {
			t.Errorf("minute %d: %d deletions instead of %d", m, n, before[m])
		}
	}
	if larger < 3 || larger > 30 {
		t.Errorf("%d minutes with a large session, want about 10", larger)
	}
}

// deletions are those of all types in each minute.
func deletions(s *Scenario) map[int]int {
	sums := map[int]int{}
	for _, e := range s.Series {
		for i := 0; e.Labels["action"] == "deleted" && i < len(e.Counts); i += 2 {
			sums[e.Counts[i]] += e.Counts[i+1]
		}
	}
	return sums
}

func total(s *Scenario) (sum int) {
	for _, n := range deletions(s) {
		sum += n
	}
	return sum
}

func TestSizesOfCommits(t *testing.T) {
	const n = 100_000
	sum := 0
	for i := range n {
		sum += commit((float64(i) + .5) / n)
	}
	if mean := float64(sum) / n; mean < commitMean-.1 || mean > commitMean+.1 {
		t.Errorf("a mean of %.2f, want %v", mean, commitMean)
	}
	for u, want := range map[float64]int{0: 1, .8: 3, .99: 120, 1: 2000} {
		if got := commit(u); got != want {
			t.Errorf("quantile %v is %d, want %d", u, got, want)
		}
	}
}

func TestTroublesHoldOrPrecedeTheirIncidents(t *testing.T) {
	kinds := map[string]int{}
	for seed := range uint64(4) {
		for _, s := range Synthetic(seed, 91, Short, "syn-small-1_inc,syn-medium-1_inc") {
			for _, w := range s.Incidents {
				kind, _, _ := strings.Cut(w.Kind, "_")
				kinds[kind]++
				if !troubled(s.Faults, kind, w) {
					t.Errorf("seed %d: %+v is at the wrong time", seed, w)
				}
			}
		}
	}
	for _, kind := range []string{"away", "restart", "after", "structure12"} {
		if kinds[kind] < 8 {
			t.Errorf("%d incidents %s, want at least 8", kinds[kind], kind)
		}
	}
}

func troubled(f Faults, kind string, w Window) bool {
	switch kind {
	case "away":
		return slices.ContainsFunc(f.Away, func(a [2]int) bool { return w.From >= a[0] && w.To <= a[1] })
	case "restart":
		return slices.ContainsFunc(f.Outages, func(o Outage) bool { return o.Kind == Down && w.From >= o.From && w.To <= o.To })
	case "after":
		return slices.ContainsFunc(f.Outages, func(o Outage) bool { return o.Long() && w.From == o.CaughtUp()+w.After })
	}
	return true
}

func TestEndOfMonth(t *testing.T) {
	b := newBuilder(nil, 0)
	b.scenario = &Scenario{Start: epoch}
	var got []int
	for d := range 60 {
		if b.endOfMonth(d) {
			got = append(got, d)
		}
	}
	// 28 to 30 January and 25 to 27 February 2026.
	if want := []int{23, 24, 25, 51, 52, 53}; !slices.Equal(got, want) {
		t.Errorf("days %v, want %v", got, want)
	}
}

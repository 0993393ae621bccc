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

package simulate

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/engine"
	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/scenario"
)

// oneAMinute is an hour with a deletion in each minute.
func oneAMinute(f scenario.Faults) *scenario.Scenario {
	s := &scenario.Scenario{Name: "w", Workspace: "w", Minutes: 60, Faults: f}
	e := scenario.Events{Labels: map[string]string{"action": "deleted", "resource_type": "task"}}
	for m := range s.Minutes {
		e.Counts = append(e.Counts, m, 1)
	}
	s.Series = []scenario.Events{e}
	return s
}

// at is the value that Prometheus got in that minute; -1 is none, -2 the end of the series.
func at(store *engine.Store, minute int, name, instance string, more ...string) float64 {
	kv := append([]string{model.MetricNameLabel, name, "workspace", "w", "job", "asana_exporter", "instance", instance}, more...)
	times, values := store.Series(labels.FromStrings(kv...)).Samples()
	i := slices.IndexFunc(times, func(t int64) bool { return t/60000 == int64(minute+1) })
	switch {
	case i < 0:
		return -1
	case value.IsStaleNaN(values[i]):
		return -2
	}
	return values[i]
}

const first, second = "asana-exporter-0:10176", "asana-exporter-1:10176"

func counts(store *engine.Store, instance string, minutes ...int) []float64 {
	var got []float64
	for _, m := range minutes {
		got = append(got, at(store, m, "asana_events_total", instance, "action", "deleted", "resource_type", "task"))
	}
	return got
}

func TestBacklogIsShownInOneStep(t *testing.T) {
	store := playAll(oneAMinute(scenario.Faults{Outages: []scenario.Outage{{From: 10, To: 30, Kind: scenario.API}}}), 1, false)
	if got, want := counts(store, first, 9, 29, 30, 31), []float64{10, 10, 31, 32}; !slices.Equal(got, want) {
		t.Errorf("counts %v, want %v", got, want)
	}
	var length, peak []float64
	for _, m := range []int{29, 30, 49, 50} {
		length = append(length, at(store, m, "asana_workspace_backlog_seconds", first))
		peak = append(peak, at(store, m, "asana_workspace_backlog_peak_events", first, "action", "deleted", "window", "15m"))
	}
	if want := []float64{0, 21 * 60, 21 * 60, 0}; !slices.Equal(length, want) {
		t.Errorf("length %v, want %v", length, want)
	}
	if want := []float64{0, 15, 15, 0}; !slices.Equal(peak, want) {
		t.Errorf("peak %v, want %v", peak, want)
	}
}

func TestWorkspaceIsShownBeforeTheFirstCatchUp(t *testing.T) {
	store := playAll(oneAMinute(scenario.Faults{Outages: []scenario.Outage{{From: 10, To: 30, Kind: scenario.Down}}}), 1, false)
	if got, want := counts(store, first, 9, 10, 11, 30, 31), []float64{10, -2, -1, -1, 32}; !slices.Equal(got, want) {
		t.Errorf("counts %v, want %v", got, want)
	}
	var catchingUp []float64
	for _, m := range []int{9, 10, 11, 30, 31} {
		catchingUp = append(catchingUp, at(store, m, "asana_workspace_catching_up", first))
	}
	if want := []float64{0, -2, -1, 1, 0}; !slices.Equal(catchingUp, want) {
		t.Errorf("catching up %v, want %v", catchingUp, want)
	}
}

func TestLostEventsAreNeverCounted(t *testing.T) {
	store := playAll(oneAMinute(scenario.Faults{Outages: []scenario.Outage{{From: 10, To: 30, Kind: scenario.Lost}}}), 1, false)
	if got, want := counts(store, first, 9, 29, 30, 31), []float64{10, 10, 11, 12}; !slices.Equal(got, want) {
		t.Errorf("counts %v, want %v", got, want)
	}
	if got := at(store, 30, "asana_workspace_backlog_seconds", first); got != 0 {
		t.Errorf("a backlog of %v seconds, want none", got)
	}
}

func TestRestartMissesAScrape(t *testing.T) {
	store := playAll(oneAMinute(scenario.Faults{Restarts: []int{25}, Missed: [][2]int{{40, 42}}}), 1, false)
	if got, want := counts(store, first, 24, 25, 26, 39, 40, 41, 42), []float64{25, -1, 27, 40, -1, -1, 43}; !slices.Equal(got, want) {
		t.Errorf("counts %v, want %v", got, want)
	}
}

func TestSeriesGoOnAfterPrometheusWasAway(t *testing.T) {
	store := playAll(oneAMinute(scenario.Faults{Away: [][2]int{{10, 30}}}), 1, false)
	if got, want := counts(store, first, 9, 10, 29, 30), []float64{10, -1, -1, 31}; !slices.Equal(got, want) {
		t.Errorf("counts %v, want %v", got, want)
	}
	times, _ := store.Series(labels.FromStrings(model.MetricNameLabel, "up", "job", "asana_exporter", "instance", first)).Samples()
	if len(times) != 40 {
		t.Errorf("%d samples of up, want 40", len(times))
	}
}

func TestPodComesBackAsAnotherInstance(t *testing.T) {
	f := scenario.Faults{Outages: []scenario.Outage{{From: 10, To: 12, Kind: scenario.Down}}, Restarts: []int{25}, NewInstance: true}
	store := playAll(oneAMinute(f), 1, false)
	const renamed, again = "asana-exporter-0-1:10176", "asana-exporter-0-2:10176"
	for _, row := range []struct {
		instance string
		want     []float64
	}{
		{first, []float64{10, -2, -1, -1, -1, -1, -1}},
		{renamed, []float64{-1, -1, -1, 14, 25, -2, -1}},
		{again, []float64{-1, -1, -1, -1, -1, -1, 27}},
	} {
		if got := counts(store, row.instance, 9, 10, 12, 13, 24, 25, 26); !slices.Equal(got, row.want) {
			t.Errorf("%s: counts %v, want %v", row.instance, got, row.want)
		}
	}
	if got := at(store, 13, "asana_workspace_backlog_seconds", renamed); got != 240 {
		t.Errorf("a backlog of %v seconds, want 240", got)
	}
}

func TestStaggeredReplicas(t *testing.T) {
	s := oneAMinute(scenario.Faults{Outages: []scenario.Outage{{From: 30, To: 35, Kind: scenario.Down}}, StateLost: []int{25}})
	store := playAll(s, 2, false)
	if got, want := counts(store, first, 24, 26, 32, 40), []float64{25, 2, -1, 16}; !slices.Equal(got, want) {
		t.Errorf("first replica %v, want %v", got, want)
	}
	if got, want := counts(store, second, 32, 44, 46, 52), []float64{33, 45, 2, -1}; !slices.Equal(got, want) {
		t.Errorf("second replica %v, want %v", got, want)
	}
}

func TestNewSeriesShowsZeroFirst(t *testing.T) {
	s := oneAMinute(scenario.Faults{})
	s.Lazy, s.Series[0].Counts = true, []int{20, 5}
	store := playAll(s, 1, false)
	if got, want := counts(store, first, 19, 20, 21, 22), []float64{-1, 0, 0, 5}; !slices.Equal(got, want) {
		t.Errorf("counts %v, want %v", got, want)
	}
}

func TestLateEventsAreAllDelivered(t *testing.T) {
	happened := make([]int32, 500)
	for m := range 300 {
		happened[m] = 10
	}
	arrived := delivered(happened, scenario.Random("x", 1))
	var sum, late float64
	for m, n := range arrived {
		sum += float64(n)
		late += float64(m) * float64(n-happened[m])
	}
	if sum != 3000 {
		t.Errorf("%v events delivered, want 3000", sum)
	}
	if mean := late / 3000; math.IsNaN(mean) || mean < .5 || mean > 2 {
		t.Errorf("a mean delay of %v minutes, want about one", mean)
	}
}

func TestJitterShakesEachScrape(t *testing.T) {
	store := Play(oneAMinute(scenario.Faults{}), 1)
	times, _ := store.Series(labels.FromStrings(model.MetricNameLabel, "up", "job", "asana_exporter", "instance", first)).Samples()
	var least, most int64 = math.MaxInt64, 0
	for i := 1; i < len(times); i++ {
		least, most = min(least, times[i]-times[i-1]), max(most, times[i]-times[i-1])
	}
	if least < 59_000 || least > 59_900 || most < 60_100 || most > 61_000 {
		t.Errorf("%d scrapes, %d to %d ms apart, want up to a second more or less than a minute", len(times), least, most)
	}
}

func TestJitterIsTheSameEachTime(t *testing.T) {
	s := oneAMinute(scenario.Faults{})
	if !reflect.DeepEqual(Play(s, 2), Play(s, 2)) {
		t.Error("the same scenario was played differently")
	}
}

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

package engine_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/engine"
)

const minute = 60_000

// events is a store with two workspaces that count for a day, in bursts, with a reset and a pause.
func events() *engine.Store {
	r := rand.New(rand.NewPCG(1, 2))
	store := engine.NewStore()
	for _, name := range []string{"1", "2"} {
		s := store.Series(labels.FromStrings(model.MetricNameLabel, "events_total", "workspace", name))
		value := 0.0
		for m := range int64(24 * 60) {
			if r.IntN(20) == 0 {
				value += float64(r.IntN(40))
			}
			switch {
			case m == 700:
				value = 0
			case m > 900 && m < 950:
				continue
			}
			s.Add(m*minute+7000, value)
		}
	}
	return store
}

func TestEngineAgreesWithPrometheus(t *testing.T) {
	rules, err := engine.Load("testdata/rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	away := []engine.Span{{From: 300 * minute, To: 330 * minute}, {From: 1000 * minute, To: 1020 * minute}}
	mine, err := engine.Evaluate(rules, events(), 0, 24*60*minute, away...)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := byPrometheus(t.Context(), "testdata/rules.yml", events(), 0, 24*60*minute, away...)
	if err != nil {
		t.Fatal(err)
	}
	for _, alert := range []string{"Busy", "BusyForLong", "Jump", "JumpWhileBusy"} {
		if !slices.ContainsFunc(theirs, func(f engine.Firing) bool { return f.Alert == alert }) {
			t.Errorf("%s never fires, the test shows nothing", alert)
		}
	}
	if !slices.ContainsFunc(theirs, func(f engine.Firing) bool { return f.To == 301*minute || f.To == 1001*minute }) {
		t.Error("nothing fires as Prometheus goes away, the test shows nothing")
	}
	if got, want := printed(mine), printed(theirs); !slices.Equal(got, want) {
		t.Errorf("%q fire, Prometheus has %q", got, want)
	}
}

func printed(firings []engine.Firing) (all []string) {
	for _, f := range firings {
		all = append(all, fmt.Sprint(f.Alert, f.Labels, f.From/minute, f.To/minute))
	}
	slices.Sort(all)
	return all
}

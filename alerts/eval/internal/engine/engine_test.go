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

package engine

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

const minute = 60_000

func TestRulesThatNeedEachOtherStayTogether(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rules.yml")
	const text = `groups: [{name: g, rules: [
		{record: a, expr: b}, {record: b, expr: c or d}, {record: c, expr: b offset 5m}, {record: d, expr: events_total}]}]`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rules, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, together := range rules.inOrder() {
		names := ""
		for _, r := range together {
			names += r.name()
		}
		got = append(got, names)
	}
	if want := []string{"d", "bc", "a"}; !slices.Equal(got, want) {
		t.Errorf("order %q, want %q", got, want)
	}
}

func TestDamagedRulesAreRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, []byte(`groups: [{name: g, rules: [{record: a, expr: "sum("}]}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file); err == nil {
		t.Error("no error for an expression that is none")
	}
}

func TestFirstOfTwoSamplesStays(t *testing.T) {
	s := NewStore().Series(labels.FromStrings("a", "b"))
	for _, at := range []int64{1, 3, 2, 3, 2} {
		s.Add(at, float64(len(s.values)))
	}
	times, values := s.Samples()
	if !slices.Equal(times, []int64{1, 2, 3}) || !slices.Equal(values, []float64{0, 2, 1}) {
		t.Errorf("got %v %v", times, values)
	}
}

func TestStoreForgets(t *testing.T) {
	for retention, want := range map[time.Duration]int{0: 1, 3 * time.Hour: 1, time.Hour: 0} {
		store := NewStore()
		store.Series(labels.FromStrings(model.MetricNameLabel, "a")).Add(1, 1)
		store.Forget(retention, 2*60*minute)
		e := &evaluation{queries: NewQueries(), store: store, end: 2 * 60 * minute, active: map[*rule]map[uint64]*alert{}}
		r := &rule{alert: "A", expr: "last_over_time(a[3h] offset 1h)", interval: time.Minute}
		if err := e.atOnce(Rules{r}); err != nil {
			t.Fatal(err)
		}
		if e.finish(); len(e.fired) != want {
			t.Errorf("with a retention of %v %d firings, want %d", retention, len(e.fired), want)
		}
	}
}

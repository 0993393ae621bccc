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

package topuser

import (
	"math"
	"strings"
	"testing"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/scenario"
)

// life is a workspace whose top user has 10 in each minute, but 30 in the last hour of day 5, when there is too little to learn
// from, and of day 39. It has one trial.
func life(extra int) scenario.Life {
	top := make([]int, 50*scenario.Day)
	for m := range top {
		if day := m / scenario.Day; (day == 5 || day == 39) && m%scenario.Day >= scenario.Day-60 {
			top[m] = 30
		} else {
			top[m] = 10
		}
	}
	at := 45 * scenario.Day
	t := scenario.Trial{Window: scenario.Window{Kind: "some", From: at, Deadline: at + 40, Hard: true}}
	for range extra {
		t.At = append(t.At, at+5)
	}
	return scenario.Life{Top: map[int][]int{15: top, 90: top}, Trials: []scenario.Trial{t}}
}

func TestTableCountsWhatIsFoundAndFalse(t *testing.T) {
	for _, test := range []struct {
		name  string
		limit Limit
		want  []string
	}{
		{"low", Limit{Floor: 5, Whole: 1.5}, []string{"| 1 of 1 | 0 = 0 % |", "(1) |"}},
		{"same hour", Limit{Floor: 15, Day: 1}, []string{"| 1 of 1 | 0 = 0 % |", "(1) |"}},
		{"only floor", Limit{Floor: 15}, []string{"| 1 of 1 | 1 = 100 % |", "(1) |"}},
		{"high floor", Limit{Floor: 35}, []string{"| 1 of 1 | 0 = 0 % |", "0.00 (0) |"}},
	} {
		var b strings.Builder
		Table(&b, [2]Limit{test.limit, {Floor: math.Inf(1)}}, []scenario.Life{life(20)})
		for _, want := range test.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: no %q in\n%s", test.name, want, b.String())
			}
		}
	}
}

func TestTuneTakesTheHighestLimitThatFinds(t *testing.T) {
	got := Tune([]scenario.Life{life(100)})[0]
	if want := (Limit{80, 2.5, 2.5, 2}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := Tune([]scenario.Life{life(11)}); !math.IsInf(got[0].Floor, 1) {
		t.Errorf("got %v, want limits that never fire, since all that find 11 are false", got)
	}
}

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
	"reflect"
	"slices"
	"testing"
)

func TestTopIsTheMostOfAnyOneUserInTheWindow(t *testing.T) {
	p := &people{shares: make([]float64, 3), deeds: []deed{{1, 0, 2}, {1, 1, 3}, {2, 0, 2}, {4, 2, 1}, {6, 1, 3}}}
	if got, want := p.top(10, 3), []int{0, 3, 4, 4, 2, 1, 3, 3, 3, 0}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestBoutsRaiseTheTop(t *testing.T) {
	sum := func(join float64) (n int) {
		for _, top := range Lives(5, 40, Short, join, "syn-medium-1")[0].Top[90] {
			n += top
		}
		return n
	}
	if alone, together := sum(0), sum(.75); together < alone*5/4 {
		t.Errorf("the tops sum up to %d with bouts, and to %d without", together, alone)
	}
}

func TestPeopleChangeNoCounts(t *testing.T) {
	s := specs()[1]
	s.days = 20
	without := synthetic(s, 5).finish(s.name)
	s.people, s.join = true, .5
	if with := synthetic(s, 5).finish(s.name); !reflect.DeepEqual(with, without) {
		t.Error("the counts are others with people")
	}
}

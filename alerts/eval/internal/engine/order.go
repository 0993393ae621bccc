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
	"cmp"
	"maps"
	"slices"
)

// inOrder returns the rules so that each comes after those it needs; rules that need each other come together, in the
// order of the file. (These are the strongly connected components by Tarjan's algorithm.)
func (rs Rules) inOrder() []Rules {
	t := tarjan{rules: rs, number: map[int]int{}, low: map[int]int{}, open: map[int]bool{}}
	for _, r := range rs {
		if _, seen := t.number[r.index]; !seen {
			t.visit(r)
		}
	}
	return t.found
}

type tarjan struct {
	rules  Rules
	number map[int]int // In order of visit, by index of the rule.
	low    map[int]int
	open   map[int]bool
	stack  Rules
	found  []Rules
}

func (t *tarjan) visit(r *rule) {
	i := r.index
	t.number[i], t.low[i] = len(t.number), len(t.number)
	t.stack, t.open[i] = append(t.stack, r), true
	for _, j := range slices.Sorted(maps.Keys(r.needs)) {
		if _, seen := t.number[j]; !seen {
			t.visit(t.rules[j])
			t.low[i] = min(t.low[i], t.low[j])
		} else if t.open[j] {
			t.low[i] = min(t.low[i], t.number[j])
		}
	}
	if t.low[i] == t.number[i] {
		t.close(r)
	}
}

func (t *tarjan) close(r *rule) {
	at := slices.Index(t.stack, r)
	together := slices.Clone(t.stack[at:])
	t.stack = t.stack[:at]
	for _, x := range together {
		t.open[x.index] = false
	}
	slices.SortFunc(together, func(x, y *rule) int { return cmp.Compare(x.index, y.index) })
	t.found = append(t.found, together)
}

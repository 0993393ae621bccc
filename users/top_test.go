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

package users

import (
	"strconv"
	"testing"
	"time"
)

func TestTopUserIsTheOneWithMost(t *testing.T) {
	top, now := newTopUsers(), at(0)
	for _, did := range []struct {
		user, action string
		n            int
		ago          time.Duration
	}{
		{"a", "deleted", 30, 5 * time.Minute},
		{"a", "deleted", 12, 14 * time.Minute},
		{"a", "removed", 9, time.Minute},
		{"a", "changed", 1000, time.Minute},
		{"b", "deleted", 41, 0},
		{"b", "deleted", 100, 90 * time.Minute}, // Over.
		{"c", "deleted", 20, 89 * time.Minute},
		{"c", "deleted", 25, 15 * time.Minute},
		{"d", "deleted", 3, -30 * time.Minute}, // Asana's clock is ahead.
		{"e", "removed", 7, 80 * time.Minute},
		{"e", "removed", 8, 70 * time.Minute},
	} {
		for range did.n {
			top.add(did.user, did.action, now.Add(-did.ago), now)
		}
	}
	want := [topActions][topWindows]uint64{{42, 45}, {9, 15}}
	wantMost(t, "most", top.most(now), want)
	wantMost(t, "most, again", top.most(now), want)
	wantMost(t, "most, 80 minutes later", top.most(now.Add(80*time.Minute)), [topActions][topWindows]uint64{{0, 41}, {0, 9}})
	wantMost(t, "most, two hours later", top.most(now.Add(2*time.Hour+time.Minute)), [topActions][topWindows]uint64{})
	if n := len(top.counts[0]) + len(top.counts[1]); n > 0 {
		t.Errorf("%d entries are left", n)
	}
}

// However many accounts delete, memory is bounded, and who deletes a lot is still seen.
func TestTopUserIsSeenAmongMany(t *testing.T) {
	top, now := newTopUsers(), at(0)
	for i := range 4 * mostTopUsers {
		top.add(strconv.Itoa(i), "deleted", now, now)
		if i%1000 == 0 {
			top.add("wild", "deleted", now, now)
		}
		if n := len(top.counts[0]); n > mostTopUsers {
			t.Fatalf("%d entries", n)
		}
	}
	if most := top.most(now)[0][0]; most < 100 || most > 200 {
		t.Errorf("the one with 200 has %d", most)
	}
}

// A crowd that deletes two each, some thousand others in each minute, does not hide somebody who deletes one a minute.
func TestSlowTopUserIsSeenAmongMany(t *testing.T) {
	for _, crowd := range []int{1000, 3000, 6000} {
		t.Run(strconv.Itoa(crowd), func(t *testing.T) {
			top, start := newTopUsers(), at(0)
			now, largest := start, 0
			for i := range 90 {
				now = start.Add(time.Duration(i) * time.Minute)
				for j := range crowd {
					other := strconv.Itoa(i*crowd + j)
					top.add(other, "deleted", now, now)
					top.add(other, "deleted", now, now)
				}
				top.add("steady", "deleted", now, now)
				largest = max(largest, len(top.counts[0]))
			}
			if got := top.most(now)[0]; got != [topWindows]uint64{15, 90} {
				t.Errorf("got %v", got)
			}
			if largest > mostTopUsers {
				t.Errorf("%d entries", largest)
			}
		})
	}
}

// What is over takes no place from what is not: a backlog may be a day long.
func TestOldDeletionsAreNoTopUsers(t *testing.T) {
	top, now := newTopUsers(), at(0)
	for i := range 2 * mostTopUsers {
		top.add(strconv.Itoa(i), "deleted", now.Add(-2*time.Hour), now)
	}
	if n := len(top.counts[0]); n > 0 {
		t.Errorf("%d entries", n)
	}
}

func wantMost(t *testing.T, what string, got, want [topActions][topWindows]uint64) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

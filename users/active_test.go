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
	"bytes"
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"
)

// at returns a time so long after some midnight.
func at(d time.Duration) time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(d) }

func encoded(t *testing.T, a *activeUsers) []byte {
	t.Helper()
	content, err := (&Users{active: a}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestActiveUsersAreEstimatedWithin3Percent(t *testing.T) {
	for _, n := range []int{100, 10_000, 1_000_000} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			a, now := newActiveUsers(), at(400*24*time.Hour)
			a.key = []byte("the key is always the same here.")
			for i := range n { // Spread over all of a window, as people are: its steps overlap in nobody.
				a.add("12"+strconv.Itoa(i), now.Add(-time.Duration(i)*55*time.Minute/time.Duration(n)), now)
			}
			for i, users := range a.estimate(now) {
				if off := float64(users)/float64(n) - 1; math.Abs(off) > 0.03 {
					t.Errorf("window %s: %d users, %.1f %% off", ActiveWindows()[i], users, 100*off)
				}
			}
			t.Logf("%d users: a file of %d KiB", n, len(encoded(t, a))>>10)
		})
	}
}

// Whoever was active an hour ago, to a twenty-fourth of it, is no longer among those of the hour, but among those of the day.
func TestActiveUsersLeaveTheirWindows(t *testing.T) {
	a, start := newActiveUsers(), at(400*24*time.Hour)
	a.add("1", start, start)
	a.add("1", start, start)
	a.add("2", start.Add(-40*24*time.Hour), start)
	for after, want := range map[time.Duration][activeWindows]uint64{
		0:                    {1, 1, 1, 1},
		57 * time.Minute:     {1, 1, 1, 1},
		time.Hour:            {0, 1, 1, 1},
		23 * time.Hour:       {0, 1, 1, 1},
		24 * time.Hour:       {0, 0, 1, 1},
		160 * time.Hour:      {0, 0, 1, 1},
		168 * time.Hour:      {0, 0, 0, 1},
		28 * 24 * time.Hour:  {0, 0, 0, 1},
		30 * 24 * time.Hour:  {},
		365 * 24 * time.Hour: {},
	} {
		later, err := Decode(encoded(t, a)) // Estimates drop what is over.
		if err != nil {
			t.Fatal(err)
		}
		if got := later.active.estimate(start.Add(after)); got != want {
			t.Errorf("after %s: %v, want %v", after, got, want)
		}
	}
}

// As many steps as a window has are kept, whatever dates come and however long it runs.
func TestActiveUsersAreBounded(t *testing.T) {
	a, start := newActiveUsers(), at(400*24*time.Hour)
	for i := range 1000 {
		now := start.Add(time.Duration(i) * time.Hour)
		for _, ago := range []time.Duration{0, 17 * time.Minute, 100 * time.Hour, 20 * 24 * time.Hour, 9000 * time.Hour} {
			a.add(fmt.Sprint(i, ago), now.Add(-ago), now)
		}
		a.estimate(now)
	}
	for i, w := range a.windows {
		if len(w.sketches) > steps {
			t.Errorf("window %s: %d sketches", ActiveWindows()[i], len(w.sketches))
		}
	}
	if len(a.known) > knownUsers {
		t.Errorf("%d users are known", len(a.known))
	}
}

// The sketches of a clock that was ahead are not there for years.
func TestActiveUsersOfAFutureAreDropped(t *testing.T) {
	a, now := newActiveUsers(), at(400*24*time.Hour)
	ahead := now.Add(365 * 24 * time.Hour)
	a.add("1", ahead, ahead)
	if got := a.estimate(now); got != [activeWindows]uint64{} {
		t.Errorf("got %v", got)
	}
}

// Neither a gid nor its hash without the key is in the file; with another key it is another file.
func TestNoUserIsInAFileOfActiveUsers(t *testing.T) {
	now := at(400 * 24 * time.Hour)
	a, b := newActiveUsers(), newActiveUsers()
	if bytes.Equal(a.key, b.key) || len(a.key) != 32 {
		t.Error("the keys are no random ones")
	}
	if a.find("1200000000000011").hash == b.find("1200000000000011").hash {
		t.Error("the hash does not depend on the key")
	}
	a.add("1200000000000011", now, now)
	if bytes.Contains(encoded(t, a), []byte("1200000000000011")) {
		t.Error("a gid is in the file")
	}
}

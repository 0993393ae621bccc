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

	"github.com/axiomhq/hyperloglog"
	"github.com/go-json-experiment/json"
)

func TestUsersSurviveAFile(t *testing.T) {
	u, now := New(), at(400*24*time.Hour)
	if u.Changed() {
		t.Error("nothing has changed yet")
	}
	u.Add("a", "deleted", now, now)
	u.Add("b", "added", now, now)
	before, _ := u.Count(now)
	if !u.Changed() {
		t.Error("two users came")
	}
	content, err := u.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if u.Saved(); u.Changed() {
		t.Error("nothing has changed since it was saved")
	}
	loaded, err := Decode(content)
	if err != nil {
		t.Fatal(err)
	}
	after, _ := loaded.Count(now)
	if want := [activeWindows]uint64{2, 2, 2, 2}; before.Active != want || after.Active != want {
		t.Errorf("active users: %v, then %v", before.Active, after.Active)
	}
	if after.Top != [topActions][topWindows]uint64{} {
		t.Errorf("top users: %v", after.Top)
	}
	loaded.Add("a", "added", now, now)
	loaded.Add("a", "added", now.Add(-time.Hour), now)
	if after, _ = loaded.Count(now.Add(time.Minute)); after.Active[1] != 2 {
		t.Errorf("a known user is counted again: %v", after.Active)
	}
}

// Users who come to a window by more than a hundredth are worth saving at once; those who come again, or leave, are not.
func TestUsersGrow(t *testing.T) {
	u, now := New(), at(400*24*time.Hour)
	add := func(first, n int, ago time.Duration) {
		for i := range n {
			u.Add(strconv.Itoa(first+i), "added", now.Add(-ago), now)
		}
	}
	check := func(what string, want bool) {
		t.Helper()
		if u.Grown() != want {
			t.Errorf("%s: grown %t, want %t", what, !want, want)
		}
	}
	check("at first", false)
	add(0, 1000, 0)
	check("the first", true)
	u.Count(now)
	u.Saved()
	check("saved", false)
	add(0, 1000, 0)
	now = now.Add(20 * time.Minute)
	add(0, 1000, 0)
	check("the same", false)
	add(1000, 8, 0)
	check("few others", false)
	add(1008, 10, 0)
	check("a hundredth", true)
	u.Saved()
	add(2000, 20, 3*time.Hour)
	check("in a backlog", true)
	u.Saved()
	now = now.Add(61 * time.Minute)
	u.Count(now)
	check("all have left the hour", false)
	add(0, 1, 0)
	check("the first of the hour", true)
}

// The first users are counted soon, and not only after the minute for which a count stands.
func TestFirstUsersAreCountedSoon(t *testing.T) {
	u, now := New(), at(400*24*time.Hour)
	u.Count(now)
	u.Add("a", "added", now, now)
	if counts, newer := u.Count(now.Add(countTop)); !newer || counts.Active[0] != 1 {
		t.Errorf("%v, newer: %t", counts, newer)
	}
}

// What is not of this program costs the users in it, and never the process.
func TestDamagedFileIsRefused(t *testing.T) {
	sketch := func(precision uint8) map[int64][]byte {
		s, err := hyperloglog.NewSketch(precision, true)
		if err != nil {
			t.Fatal(err)
		}
		s.InsertHash(1)
		content, err := s.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		return map[int64][]byte{1: content}
	}
	for name, test := range map[string]struct {
		change func(*file)
		bad    bool
	}{
		"as written":        {func(*file) {}, false},
		"with a user":       {func(f *file) { f.Windows[0] = sketch(14) }, false},
		"a newer version":   {func(f *file) { f.Version = 2 }, true},
		"a short key":       {func(f *file) { f.Key = f.Key[:3] }, true},
		"no sketch":         {func(f *file) { f.Windows[3] = map[int64][]byte{1: {2, 14}} }, true},
		"another precision": {func(f *file) { f.Windows[1] = sketch(12) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := file{Version: 1, Key: make([]byte, 32)}
			test.change(&f)
			content, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Decode(content); (err != nil) != test.bad {
				t.Errorf("got %v", err)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	u, now := New(), at(400*24*time.Hour)
	u.Add("a", "deleted", now, now)
	content, err := u.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Fuzz(func(_ *testing.T, content []byte) {
		if u, err := Decode(content); err == nil {
			u.Add("b", "deleted", now, now)
			u.Count(now)
		}
	})
}

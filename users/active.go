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
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"github.com/axiomhq/hyperloglog"
)

// activeWindows is the number of windows of active users.
const activeWindows = 4

// steps is how many parts a window of active users moves in.
const steps = 24

// knownUsers is the size of the cache of users and the steps to which they were added last, which saves adding them again.
const knownUsers = 20_000

// maxAhead is how far Asana's clock may be ahead of ours.
const maxAhead = time.Hour

// ActiveWindows returns the windows of Counts.Active.
func ActiveWindows() [activeWindows]time.Duration {
	const day = 24 * time.Hour
	return [activeWindows]time.Duration{time.Hour, day, 7 * day, 30 * day}
}

// activeUsers estimates how many users caused an event in windows of event time that end now. Of a user it keeps no more than a
// few bits of a hash with a key, in HyperLogLog sketches: one for each step of each window.
type activeUsers struct {
	key     []byte // Of the hashes. Without it nobody can ask whether a user is in a file.
	windows [activeWindows]userWindow
	known   map[string]*knownUser // By gid.

	// Since they were saved.
	changed bool
	came    [activeWindows]uint64 // Users who were not in a window, as far as known says.
}

// A userWindow has the sketches of its steps, by their number since 1970.
type userWindow struct {
	step     time.Duration
	sketches map[int64]*hyperloglog.Sketch
}

// A knownUser is a user's hash, and the step of each window in which the user was added last.
type knownUser struct {
	hash  uint64
	added [activeWindows]int64
}

func newActiveUsers() *activeUsers {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // It never fails.
	a := &activeUsers{key: key, known: map[string]*knownUser{}}
	for i, window := range ActiveWindows() {
		a.windows[i] = userWindow{step: window / steps, sketches: map[int64]*hyperloglog.Sketch{}}
	}
	return a
}

// add notes that a user caused an event at a time.
func (a *activeUsers) add(user string, at, now time.Time) {
	known := a.find(user)
	for i := range a.windows {
		w := &a.windows[i]
		step := w.number(at)
		switch {
		case step == known.added[0] && i == 0:
			return // Whole steps of the first window make up those of the others.
		case step == known.added[i] || step <= w.number(now)-steps:
			continue
		}
		sketch := w.sketches[step]
		if sketch == nil {
			sketch = hyperloglog.New14()
			w.sketches[step] = sketch
		}
		sketch.InsertHash(known.hash)
		if known.added[i] <= w.number(now)-steps {
			a.came[i]++
		}
		known.added[i], a.changed = step, true
	}
}

// find returns the entry of a user in known, and makes one where there is none.
func (a *activeUsers) find(user string) *knownUser {
	if known, ok := a.known[user]; ok {
		return known
	}
	if len(a.known) >= knownUsers {
		clear(a.known)
	}
	sum := sha256.Sum256(append(slices.Clip(a.key), user...))
	known := &knownUser{hash: binary.LittleEndian.Uint64(sum[:])}
	a.known[user] = known
	return known
}

// estimate returns the number of users in each window that ends at now, and drops the steps before.
func (a *activeUsers) estimate(now time.Time) (users [activeWindows]uint64) {
	for i := range a.windows {
		w, all := &a.windows[i], hyperloglog.New14()
		for step, sketch := range w.sketches {
			if step <= w.number(now)-steps || step > w.number(now.Add(maxAhead)) { // The clock may have been ahead.
				delete(w.sketches, step)
			} else {
				_ = all.Merge(sketch) // Fails for sketches of another precision, which Decode refuses.
			}
		}
		users[i] = all.Estimate()
	}
	return users
}

// number returns the number of the step at a time.
func (w *userWindow) number(t time.Time) int64 { return t.UnixNano() / int64(w.step) }

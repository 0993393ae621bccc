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

// Package users counts the people who use a workspace, and what the busiest of them deletes, without exposing who they are.
//
// Start with Users.Add, which notes one event in active.go (estimates of how many) and top.go (the most events of one user).
package users

import "time"

const (
	// countTop is how often the events of the top user are counted.
	countTop = 10 * time.Second
	// countActive is how often active users are counted, which reads all sketches.
	countActive = time.Minute
)

// Users are those of one workspace. One goroutine uses them.
type Users struct {
	active *activeUsers
	top    *topUsers

	counts                    Counts
	countedTop, countedActive time.Time // When that was done last.
}

// Counts are numbers in windows of event time, in the order of ActiveWindows, TopActions and TopWindows.
type Counts struct {
	Active [activeWindows]uint64
	Top    [topActions][topWindows]uint64
}

// New returns Users of whom nobody was active.
func New() *Users { return &Users{active: newActiveUsers(), top: newTopUsers()} }

// Add notes that the user with a gid caused an event at a time. Now is the time of the clock.
func (u *Users) Add(gid, action string, at, now time.Time) {
	u.active.add(gid, at, now)
	u.top.add(gid, action, at, now)
}

// Count returns the counts in windows that end now, and whether they are newer than those of the call before. It counts no more
// often than makes a difference.
func (u *Users) Count(now time.Time) (counts Counts, newer bool) {
	if now.Sub(u.countedTop).Abs() < countTop {
		return u.counts, false
	}
	u.counts.Top, u.countedTop = u.top.most(now), now
	if nobodyYet := u.counts.Active == [activeWindows]uint64{}; nobodyYet || now.Sub(u.countedActive).Abs() >= countActive {
		u.counts.Active, u.countedActive = u.active.estimate(now), now
	}
	return u.counts, true
}

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

import "time"

// The numbers of actions and windows of top users.
const (
	topActions = 2
	topWindows = 2
)

// mostTopUsers bounds the entries of topUsers: users who delete, and minutes in which they do.
const mostTopUsers = 50_000

// TopActions returns the actions of Counts.Top.
func TopActions() [topActions]string { return [topActions]string{"deleted", "removed"} }

// TopWindows returns the windows of Counts.Top.
func TopWindows() [topWindows]time.Duration {
	return [topWindows]time.Duration{15 * time.Minute, 90 * time.Minute}
}

// topUsers counts the deletions and removals of each user in the last 90 minutes of event time. It begins anew with the process:
// it is about what happens now.
type topUsers struct {
	counts [topActions]map[userMinute]uint64
}

// A userMinute is a user, and the number of a minute since 1970.
type userMinute struct {
	user   string
	minute int64
}

func newTopUsers() *topUsers {
	t := new(topUsers)
	for i := range t.counts {
		t.counts[i] = map[userMinute]uint64{}
	}
	return t
}

// add notes that a user caused an event at a time, unless that is over.
func (t *topUsers) add(user, action string, at, now time.Time) {
	for i, wanted := range TopActions() {
		if action != wanted || age(minute(at), now) >= longestTop() {
			continue
		}
		if counts := t.counts[i]; len(counts) >= mostTopUsers {
			dropSmallest(counts)
		}
		t.counts[i][userMinute{user, minute(at)}]++
	}
}

// dropSmallest drops half of the entries or more. The users with the fewest events in all their minutes go first: a user who deletes
// one a minute for long stays, and many who delete two once go.
func dropSmallest(counts map[userMinute]uint64) {
	sums := map[string]uint64{}
	for key, n := range counts {
		sums[key.user] += n
	}
	for least := uint64(2); len(counts) > mostTopUsers/2; least *= 2 {
		for key := range counts {
			if sums[key.user] < least {
				delete(counts, key)
			}
		}
	}
}

// most returns, for each action and window that ends at now, the most events of any one user, and drops what is older.
func (t *topUsers) most(now time.Time) (most [topActions][topWindows]uint64) {
	windows := TopWindows()
	for i, counts := range t.counts {
		sums := map[string]*[topWindows]uint64{}
		for key, n := range counts {
			ago := age(key.minute, now)
			if ago >= longestTop() {
				delete(counts, key)
				continue
			}
			sum := sums[key.user]
			if sum == nil {
				sum = new([topWindows]uint64)
				sums[key.user] = sum
			}
			for w, length := range windows {
				if ago < length {
					sum[w] += n
					most[i][w] = max(most[i][w], sum[w])
				}
			}
		}
	}
	return most
}

// longestTop returns the longest of TopWindows.
func longestTop() time.Duration { return TopWindows()[topWindows-1] }

// age returns how many whole minutes ago a minute was.
func age(minuteOf int64, now time.Time) time.Duration {
	return time.Duration(minute(now)-minuteOf) * time.Minute
}

func minute(t time.Time) int64 { return t.Unix() / 60 }

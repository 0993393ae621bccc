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

package collector

import (
	"slices"
	"time"
)

// A Reason says why a part of the stream can't be counted any more.
type Reason string

// The reasons of a gap.
const (
	StateLost    Reason = "state_lost"    // The state file was damaged.
	SyncError    Reason = "sync_error"    // Asana reported that it lost events itself; it does not say how long.
	TokenExpired Reason = "token_expired" // Asana refused the position.
)

// syncErrorAction is the action of Asana's report that it lost events itself, which is not an event.
const syncErrorAction = "sync_error"

// Reasons returns all reasons.
func Reasons() []Reason { return []Reason{StateLost, SyncError, TokenExpired} }

// A Gap sums up the parts of the stream that were lost for one reason.
type Gap struct {
	Count    uint64  `json:"count"`
	Seconds  float64 `json:"seconds"`
	exposure `json:",embed"`
}

// Visible returns the values to expose.
func (g Gap) Visible() (count uint64, seconds float64) {
	if !g.Shown {
		return 0, 0
	}
	return g.Count, g.Seconds
}

// Lost is a part of the stream that became a gap; From is zero if there is none.
type Lost struct {
	Reason   Reason
	From, To time.Time
	NewEpoch bool
}

// lose adds a gap. It changes s.
func (s *State) lose(lost Lost) {
	gap := s.gap(lost.Reason)
	gap.Count++
	gap.Seconds += max(0, lost.To.Sub(lost.From).Seconds())
}

func (s *State) gap(reason Reason) *Gap { return &s.Gaps[slices.Index(Reasons(), reason)] }

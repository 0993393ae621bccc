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

package collector

import (
	"sync/atomic"
	"time"
)

// A View is what people may see: a State that is durable, and how the poller is doing. It is never changed.
type View struct {
	// State is durable. During a catch-up it is the one before.
	State State
	// Exposed tells that the first catch-up is complete, so the events of State may be shown.
	Exposed bool
	// Up tells that the last poll ended well.
	Up bool
	// CatchingUp tells that a backlog is being read.
	CatchingUp bool
	// LastSuccess is the time of the last commit of a page or a fresh position; zero until there was one.
	LastSuccess time.Time
	// LastPoll is the time of the last poll that ended well, in this process.
	LastPoll time.Time
}

// board is where the poller puts a View and everybody else finds it.
type board struct {
	view atomic.Pointer[View]
	// deadline is when the poller promised to be back at the latest.
	deadline atomic.Pointer[time.Time]
}

// change replaces the View by a changed copy. The poller alone calls it.
func (b *board) change(change func(*View)) {
	next := *b.view.Load()
	change(&next)
	b.view.Store(&next)
}

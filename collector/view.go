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
	// Err is why the last poll failed, and FailingSince when the first of this run of failures was; zero while polls succeed.
	Err          error
	FailingSince time.Time
	// CatchingUpSince is when the backlog that is being read began to be read; zero while there is none.
	CatchingUpSince time.Time
}

// published holds the View that everybody may read.
type published struct {
	view atomic.Pointer[View]
	// deadline is when the poller reports back at the latest.
	deadline atomic.Pointer[time.Time]
}

// change replaces the View by a changed copy. The poller alone calls it.
func (p *published) change(change func(*View)) {
	next := *p.view.Load()
	change(&next)
	p.view.Store(&next)
}

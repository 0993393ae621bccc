package collector

import "time"

// A View is what other goroutines may see: a State that is durable, and how the poller is doing. It is never changed.
type View struct {
	// State is durable. During a catch-up it is the one before.
	State State
	// Exposed is whether the first catch-up is complete, so that the events of State may be exposed.
	Exposed bool
	// Up is whether the last poll succeeded.
	Up bool
	// LastSuccess is the time of the last commit of a page or a fresh position; zero until there was one.
	LastSuccess time.Time
	// LastPoll is the time of the last poll of this process that succeeded.
	LastPoll time.Time
	// Err is why the last poll failed, and FailingSince when the first of this run of failures was; zero while polls succeed.
	Err          error
	FailingSince time.Time
	// CatchingUpSince is when the poller began to read what it is not showing yet; zero if it shows all that it has read.
	CatchingUpSince time.Time
}

// CatchingUp reports whether pages were read that are not shown before the end of the stream is reached.
func (v *View) CatchingUp() bool { return !v.CatchingUpSince.IsZero() }

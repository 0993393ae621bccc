// Package collector counts the events of one Asana workspace, each exactly once, and exposes the counts.
//
// Start with Poller.Run: it reads a page, counts it (State.With), makes the counts durable (Store.Save) and only then shows
// them to the Collector. The package knows no HTTP: pages come from a Source, such as a *client.Client.
//
// In the order of an event's way: poller.go asks, with asking.go (which answers may be old), backoff.go and name.go; labels.go,
// series.go, backlog.go and steps.go count, and state.go is what they make together; file.go is its form and store.go its
// place on disk; view.go is what may be seen of it, and collector.go and metrics.go show that.
package collector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"asana_exporter/client"
)

const (
	// quietCommit is how often an empty page at the end of the stream is committed at most.
	quietCommit = time.Minute
	// missedPolls is how many polls a stuck poller may miss before it is called stuck, and a workspace not ready.
	missedPolls = 3
)

// A Source is where pages come from; *client.Client is one.
type Source interface {
	Events(ctx context.Context, sync string) (client.Page, error)
	WorkspaceName(ctx context.Context) (string, error)
}

// A Saver makes a State durable; *Store is one.
type Saver interface{ Save(State) error }

// Options are what a Poller needs beside its Source and its Saver.
type Options struct {
	// Interval is the time from the start of one poll to the start of the next; 15 seconds if zero.
	Interval time.Duration
	// Timeout is the longest that one request takes; 30 seconds if zero.
	Timeout time.Duration
	// ZeroFirst is that of Limits: 0 turns it off.
	ZeroFirst time.Duration
	// MaxSeries is that of Limits: 0 folds all label sets but the known ones.
	MaxSeries int
	// Jitter returns numbers in [0, 1) for the waits after failures; rand.Float64 if nil.
	Jitter func() float64
	Logger log.Logger
}

// A Poller follows one workspace: it reads a page, makes the counts durable, shows them, and asks for the next.
// Run is called once; the other methods are safe for concurrent use.
type Poller struct {
	source    Source
	saver     Saver
	metrics   *Metrics
	limits    Limits
	interval  time.Duration
	timeout   time.Duration
	jitter    func() float64
	logger    log.Logger
	published published
	pollNow   chan struct{} // Holds at most one request.

	// Run's goroutine owns what follows.
	state      State
	accepted   bool      // This process has accepted a page.
	failures   int       // Polls that failed, in a row.
	renewed    bool      // The last of these brought a fresh position.
	unsaved    bool      // A reveal could not be saved: it waits for the next poll.
	askName    time.Time // When to ask for the name of the workspace.
	asking     asking
	unfinished bool // The State that this process began with had a Running or an Unseen.
	unseen     bool // The State on disk has an Unseen.
}

// NewPoller returns a Poller that goes on from state, which must be durable.
func NewPoller(source Source, saver Saver, metrics *Metrics, state State, o Options) *Poller {
	p := &Poller{
		source: source, saver: saver, metrics: metrics, logger: o.Logger, jitter: o.Jitter, pollNow: make(chan struct{}, 1),
		interval: cmp.Or(o.Interval, 15*time.Second), timeout: cmp.Or(o.Timeout, 30*time.Second), state: state.Resumed(), asking: asking{token: state.Token},
		unfinished: state.Running != nil || state.Unseen != nil,
	}
	if p.jitter == nil {
		p.jitter = rand.Float64
	}
	if p.logger == nil {
		p.logger = log.NewNopLogger()
	}
	p.limits = Limits{
		ZeroFirst:    o.ZeroFirst,
		MaxSeries:    o.MaxSeries,
		CatchUpAfter: max(time.Minute, 2*p.interval),
	}
	now := time.Now()
	p.state = p.state.exposed(now, false)
	p.published.view.Store(&View{State: p.state, CatchingUp: state.Running != nil, LastSuccess: state.lastSuccess()})
	p.setDeadline(now)
	return p
}

// View returns what may be seen now. The caller must not change it.
func (p *Poller) View() *View { return p.published.view.Load() }

// Healthy tells whether the poller is on time. Failing polls are on time; a poller that hangs is not.
func (p *Poller) Healthy() bool { return time.Now().Before(*p.published.deadline.Load()) }

// Ready tells whether the first catch-up is complete and the last poll that ended well is recent.
func (p *Poller) Ready() bool {
	view := p.View()
	return view.Exposed && time.Since(view.LastPoll) <= missedPolls*p.interval
}

// PollNow makes the poller poll at once, whatever its back-off; only a time that Asana asked to wait is still waited for.
// It does not block.
func (p *Poller) PollNow() {
	select {
	case p.pollNow <- struct{}{}:
	default: // It was asked already.
	}
}

// Run polls until ctx ends, which is no error.
func (p *Poller) Run(ctx context.Context) error {
	nextPoll := time.Now()
	for ctx.Err() == nil {
		now := time.Now()
		p.setDeadline(now)
		if now.Before(nextPoll) {
			p.reveal(now)
		} else {
			nextPoll = p.pollOnce(ctx, now)
		}
		wake := p.nextWake(nextPoll)
		p.setDeadline(wake)
		sleep(ctx, time.Until(wake))
	}
	p.flush()
	return nil
}

// flush commits how far the stream was read since the last commit, and that all was shown, so that a restart does not look
// like an outage.
func (p *Poller) flush() {
	if !p.accepted || p.state.Running != nil || !p.unseen && !p.state.AtEnd.After(p.state.Committed) {
		return
	}
	if err := p.commit(p.state, time.Now()); err != nil {
		level.Warn(p.logger).Log("msg", "the last quiet polls are not saved", "err", err)
	}
}

// pollOnce polls once and returns when to poll again.
func (p *Poller) pollOnce(ctx context.Context, start time.Time) time.Time {
	p.unsaved = false
	more, err := p.poll(ctx)
	now := time.Now()
	switch {
	case ctx.Err() != nil:
		return now // Asked to stop: not a failure.
	case err != nil:
		return now.Add(p.failed(err))
	case p.failures > 0:
		level.Info(p.logger).Log("msg", "polls succeed again", "failures", p.failures)
		p.failures, p.renewed = 0, false
	}
	p.published.change(func(v *View) { v.Up, v.LastPoll = true, now })
	if more {
		return now
	}
	nextPoll := start.Add(p.interval)
	if asked := now.Add(askedFor(p.refreshName(ctx, now))); asked.After(nextPoll) {
		return asked
	}
	return nextPoll
}

// failed notes a poll that failed, and returns how long to wait.
func (p *Poller) failed(err error) time.Duration {
	expired, ok := errors.AsType[*client.SyncExpiredError](err)
	renewed := ok && expired.Sync != ""
	msg := "poll failed, the position stays"
	if renewed {
		msg = "poll failed, a fresh position is used"
	}
	if renewed && !p.renewed {
		p.failures = 0 // Asana answers again, and each minute without a poll is one that may not be readable later.
	}
	p.renewed = renewed
	p.failures++
	wait := backoff(p.failures, err, p.jitter())
	p.published.change(func(v *View) { v.Up = false })
	level.Warn(p.logger).Log("msg", msg, "err", err, "failures", p.failures, "retry_in", wait)
	return wait
}

// poll asks for one page and counts it. It tells whether another can be had at once.
func (p *Poller) poll(ctx context.Context) (more bool, err error) {
	defer p.recoverPanic(&err)
	again, asked := p.asking.begin(p.state.Token), time.Now()
	page, err := p.source.Events(ctx, p.state.Token)
	if expired, ok := errors.AsType[*client.SyncExpiredError](err); ok && expired.Sync != "" {
		return p.expired(expired, asked)
	}
	if err != nil {
		p.asking.lost()
		return false, err
	}
	return p.accept(page, asked, p.asking.answered(page.Sync, again))
}

// recoverPanic, deferred, turns a panic into an error.
func (p *Poller) recoverPanic(err *error) {
	if r := recover(); r != nil {
		level.Error(p.logger).Log("msg", "panic while reading an answer", "stack", string(debug.Stack()))
		*err = fmt.Errorf("panic: %v", r)
	}
}

// accept commits a page and publishes it, unless it is part of a backlog that goes on. A page that may be old is not the end
// of the stream, whatever it says, and more can always be had.
//
// What Asana says of the end of the stream may be as old as the question.
func (p *Poller) accept(page client.Page, asked time.Time, mayBeOld bool) (askAgain bool, err error) {
	now := time.Now()
	moved, empty := page.Sync != p.state.Token, len(page.Events)+page.NonObjects == 0
	askAgain = mayBeOld || page.HasMore && !empty // A page with nothing in it promises nothing: it could spin.
	page.HasMore = page.HasMore || mayBeOld
	switch {
	case !moved && len(page.Events) > 0:
		return false, errors.New("page has events but does not advance the sync token, so they would come again")
	case !moved && page.HasMore:
		return false, errors.New("page says that there is more but does not advance the sync token, so the stream stands still")
	case page.NonObjects > 0:
		level.Warn(p.logger).Log("msg", "elements of a page are no events", "elements", page.NonObjects)
	}
	if empty && !page.HasMore && !p.worthCommit(moved, now) {
		p.state = p.state.atEnd(asked)
	} else if err := p.count(page, asked, now); err != nil {
		return false, err
	}
	p.accepted = true
	p.publish(!page.HasMore)
	level.Debug(p.logger).Log("msg", "page counted", "events", len(page.Events), "has_more", page.HasMore)
	return askAgain, nil
}

// worthCommit tells whether an empty page at the end of the stream changes more than the time, or that for long.
func (p *Poller) worthCommit(moved bool, now time.Time) bool {
	reading := p.state.Running != nil && (p.accepted || p.unfinished)
	frozen := moved && p.asking.repeats // Whoever asks with the old token again learns nothing new.
	return reading || frozen || p.state.Token == "" || p.state.behind(now, p.limits) ||
		now.Sub(p.state.Committed).Abs() >= quietCommit // Abs, since the clock may have been set back.
}

// count commits the State after a page.
func (p *Poller) count(page client.Page, asked, now time.Time) error {
	lostSince := p.state.LostSince
	next := p.state.With(page, now, p.limits)
	if !page.HasMore {
		next.AtEnd = truncate(asked)
	}
	if err := p.commit(next, now); err != nil {
		return err
	}
	p.logLost(Lost{StateLost, lostSince, now, true})
	p.metrics.counted(page.Events, now)
	return nil
}

// expired goes on from a fresh token, and reports what was lost.
func (p *Poller) expired(e *client.SyncExpiredError, asked time.Time) (more bool, err error) {
	now := time.Now()
	first := p.state.Token == ""
	next, lost := p.state.Expired(e.Sync, now, p.accepted)
	next.AtEnd = truncate(asked)
	if err := p.commit(next, now); err != nil {
		return false, err
	}
	p.publish(p.accepted) // What was read of a catch-up is all that will be.
	p.logLost(lost)
	if first {
		level.Info(p.logger).Log("msg", "counting starts now", "epoch", next.Epoch.Format(time.RFC3339))
		return true, nil
	}
	return false, e
}

// logLost logs a gap, if there is one, with both ends.
func (p *Poller) logLost(lost Lost) {
	if lost.From.IsZero() {
		return
	}
	level.Error(p.logger).Log("msg", "gap: what happened in between can't be read any more", "reason", lost.Reason,
		"from", lost.From.Format(time.RFC3339), "to", lost.To.Format(time.RFC3339), "new_epoch", lost.NewEpoch)
}

// commit makes next durable and only then the state.
func (p *Poller) commit(next State, now time.Time) error {
	if next.Running == nil {
		next = next.reveal(now, p.limits.ZeroFirst)
	}
	start := time.Now()
	err := p.saver.Save(next)
	p.metrics.committed(err, time.Since(start))
	if err == nil {
		p.state, p.unseen = next, next.Unseen != nil
	}
	return err
}

// publish lets people see the state, which is durable. A state with a backlog that goes on stays hidden.
func (p *Poller) publish(atEnd bool) {
	exposed := p.View().Exposed || atEnd
	p.published.change(func(v *View) {
		v.LastSuccess = p.state.lastSuccess()
		v.CatchingUp = p.state.Running != nil
		if !v.CatchingUp {
			v.State, v.Exposed = p.state, exposed
		}
	})
	if p.state.Running == nil {
		p.state = p.state.exposed(time.Now(), exposed) // From now on, and not from before a commit that took long.
	}
}

// reveal shows the values of series that were at 0 for long enough.
func (p *Poller) reveal(now time.Time) {
	if err := p.commit(p.state, now); err != nil {
		p.unsaved = true
		level.Warn(p.logger).Log("msg", "new series stay at zero", "err", err)
		return
	}
	p.publish(false)
}

// nextWake returns when there is something to do: a poll, or a series to reveal before it.
func (p *Poller) nextWake(nextPoll time.Time) time.Time {
	if p.unsaved || p.state.Running != nil {
		return nextPoll
	}
	if at := p.state.nextReveal(p.limits.ZeroFirst); !at.IsZero() && at.Before(nextPoll) {
		return at
	}
	return nextPoll
}

// setDeadline says that the poller will be back at the given time, or three polls and a request later at the latest.
func (p *Poller) setDeadline(at time.Time) {
	deadline := at.Add(missedPolls*p.interval + p.timeout)
	p.published.deadline.Store(&deadline)
}

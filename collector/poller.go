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

// Package collector counts the events of one Asana workspace, each exactly once, and exposes the counts.
//
// Start with Poller.Run: it reads a page, counts it (State.With), makes the counts durable (Store.Save) and only then shows
// them to the Collector. The package does not use HTTP: pages come from a Source, such as a *client.Client.
//
// Follow an event through the files: poller.go says when to poll, with failure.go and name.go. pages.go asks for a
// page, and commits and publishes the State after it. state.go counts the page with labels.go, series.go, gap.go and backlog.go.
// file.go encodes the State and store.go writes it. Then users.go and eventlog.go get the events, and
// collector.go and metrics.go expose what is published.
package collector

import (
	"cmp"
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/asana-exporter/asana_exporter/client"
	"github.com/asana-exporter/asana_exporter/users"
)

const (
	// quietCommit is the shortest time between commits of empty pages at the end of the stream that leave the token as it is.
	quietCommit = time.Minute
	// missedPolls is the number of polls that may be missed before Healthy and Ready turn false.
	missedPolls = 3
	// emptyPages is the number of pages without events that are read without a pause while each promises more.
	emptyPages = 10
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
	// ZeroFirst and MaxSeries are those of Limits. 0 turns ZeroFirst off; 0 series fold all label sets but the known ones.
	ZeroFirst time.Duration
	MaxSeries int
	// Users are those counted so far; none if nil. They are kept by UserSaver, if it is not nil.
	Users     *users.Users
	UserSaver UserSaver
	// LogActions are the actions whose events are logged, out of LoggableActions.
	LogActions []string
	Logger     log.Logger
}

// A Poller follows one workspace: it reads a page, makes the counts durable, publishes them, and asks for the next page.
// Run is called once; the other methods are safe for concurrent use.
type Poller struct {
	source            Source
	saver             Saver
	metrics           *Metrics
	limits            Limits
	interval, timeout time.Duration
	jitter            func() float64 // In [0, 1), for the waits after failures.
	logger            log.Logger
	view              atomic.Pointer[View]
	deadline          atomic.Pointer[time.Time] // When the goroutine of Run reports back at the latest.
	pollNow           chan struct{}             // Holds at most one request.

	// The goroutine of Run owns the rest.
	state       State
	accepted    bool // This process has accepted a page.
	unanswered  bool // The token was sent before, maybe by the process before, and no answer to it was accepted.
	failures    failures
	empty       int       // Pages without events that promised more, in a row.
	nonObjects  bool      // The last page had elements that are no objects.
	revealLater bool      // A reveal could not be saved: it waits for the next poll.
	askName     time.Time // When to ask for the name of the workspace.
	lost        error     // Why this process no longer owns the state.
	users       *users.Users
	userSaver   UserSaver
	usersSaved  time.Time
	usersPause  time.Duration // The shortest time until the next save, for users who grow fast.
	events      eventLog
}

// NewPoller returns a Poller that goes on from state, which must be durable.
func NewPoller(source Source, saver Saver, metrics *Metrics, state State, o Options) *Poller {
	now := time.Now()
	p := &Poller{
		source: source, saver: saver, metrics: metrics, logger: o.Logger, jitter: rand.Float64, pollNow: make(chan struct{}, 1),
		interval: cmp.Or(o.Interval, 15*time.Second), timeout: cmp.Or(o.Timeout, 30*time.Second),
		unanswered: state.Token != "", users: cmp.Or(o.Users, users.New()), userSaver: o.UserSaver,
	}
	// Nothing was shown yet: what is read, and a pending stretch, becomes visible in one step at the end of the stream.
	state.Open = state.Token != ""
	p.state = state.exposed(now, false)
	p.limits = Limits{ZeroFirst: o.ZeroFirst, MaxSeries: o.MaxSeries, CatchUpAfter: max(time.Minute, 2*p.interval)}
	if p.logger == nil {
		p.logger = log.NewNopLogger()
	}
	p.events = eventLog{actions: o.LogActions, logger: p.logger, dropped: metrics.eventLogDropped}
	view := &View{State: p.state}
	view.Users, _ = p.users.Count(now)
	if state.Token != "" {
		view.LastSuccess = state.Committed
	}
	if state.Pending != nil { // Another process may have ended in a catch-up.
		view.CatchingUpSince = now
	}
	p.view.Store(view)
	p.setDeadline(now)
	return p
}

// View returns what may be seen now. The caller must not change it.
func (p *Poller) View() *View { return p.view.Load() }

// changeView replaces the View by a changed copy.
func (p *Poller) changeView(change func(*View)) {
	next := *p.View()
	change(&next)
	p.view.Store(&next)
}

// Healthy reports whether the poller is on time. Failing polls are on time; a poller that hangs is not.
func (p *Poller) Healthy() bool { return time.Now().Before(*p.deadline.Load()) }

// Ready reports whether the first catch-up is complete and the last successful poll is recent.
func (p *Poller) Ready() bool {
	view := p.View()
	return view.Exposed && time.Since(view.LastPoll) <= missedPolls*p.interval
}

// PollNow makes the poller poll at once, even if it is waiting after a failure. It does not block.
func (p *Poller) PollNow() {
	select {
	case p.pollNow <- struct{}{}:
	default: // One request is enough.
	}
}

// Run polls until ctx ends, which is no error. It returns ErrLockLost when another process may own the state.
func (p *Poller) Run(ctx context.Context) error {
	nextPoll := time.Now()
	for ctx.Err() == nil && p.lost == nil {
		now := time.Now()
		p.setDeadline(now)
		if now.Before(nextPoll) {
			p.reveal(now)
		} else {
			nextPoll = p.pollOnce(ctx, now)
		}
		p.countUsers(time.Now(), false)
		p.events.warn(time.Now(), false)
		wake := p.nextWake(nextPoll)
		p.setDeadline(wake)
		if p.wait(ctx, wake) {
			nextPoll = time.Now()
		}
	}
	p.flush()
	p.countUsers(time.Now(), true)
	p.events.warn(time.Now(), true)
	return p.lost
}

// flush commits AtEnd and that everything was published, so that a restart does not look like an outage.
func (p *Poller) flush() {
	if !p.accepted || p.state.Open || p.lost != nil {
		return
	}
	if err := p.commit(p.state, time.Now()); err != nil {
		level.Warn(p.logger).Log("msg", "last quiet polls not saved", "err", err)
	}
}

// pollOnce polls and returns when to poll again.
func (p *Poller) pollOnce(ctx context.Context, start time.Time) time.Time {
	p.revealLater = false
	more, err := p.poll(ctx)
	now := time.Now()
	switch {
	case ctx.Err() != nil:
		return now // Asked to stop: not a failure.
	case err != nil:
		return now.Add(p.failed(err, now))
	}
	p.succeeded(now)
	if more {
		return now
	}
	wait := p.refreshName(ctx, now)
	return later(start.Add(p.interval), time.Now().Add(wait))
}

// nextWake returns when there is something to do: a poll, or a series to reveal before it.
func (p *Poller) nextWake(nextPoll time.Time) time.Time {
	if p.revealLater || p.state.Open {
		return nextPoll
	}
	return p.state.nextReveal(p.limits.ZeroFirst, nextPoll)
}

// wait returns at the given time, when ctx ends, or when PollNow is called, which it reports.
func (p *Poller) wait(ctx context.Context, until time.Time) (pollNow bool) {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-p.pollNow:
		return true
	}
	return false
}

// setDeadline announces that the poller reports back at the given time, or three polls and a request later at the latest.
func (p *Poller) setDeadline(at time.Time) {
	deadline := at.Add(missedPolls*p.interval + p.timeout)
	p.deadline.Store(&deadline)
}

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
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/go-kit/log/level"

	"github.com/asana-exporter/asana_exporter/client"
)

// poll asks for one page and counts it. It reports whether to ask for the next one at once.
func (p *Poller) poll(ctx context.Context) (more bool, err error) {
	defer p.recoverPanic(&err)
	mayBeReplay, asked, token := p.unanswered, time.Now(), p.state.Token
	dead := positionIsDead(p.View().Err, asked.Sub(p.state.Committed))
	if dead {
		token = ""
	}
	p.unanswered = true
	page, err := p.source.Events(ctx, token)
	expired, ok := errors.AsType[*client.SyncExpiredError](err)
	switch {
	case ok && expired.Sync != "":
		return p.renew(client.Page{Sync: expired.Sync}, expired, asked)
	case err != nil:
		return false, err
	case page.Sync == p.state.Token && (len(page.Events) > 0 || page.HasMore):
		return false, errors.New("the page brings or promises events without a new sync token, so they would come again; the stream stands still")
	case dead, p.state.Token == "":
		return p.renew(page, nil, asked)
	}
	return p.accept(page, asked, mayBeReplay)
}

// recoverPanic, deferred, turns a panic into an error.
func (p *Poller) recoverPanic(err *error) {
	if r := recover(); r != nil {
		level.Error(p.logger).Log("msg", "panic while reading an answer", "stack", string(debug.Stack()))
		*err = fmt.Errorf("panic: %v", r)
	}
}

// accept commits a page and publishes it if it is the end of the stream.
//
// Asana documents that the same token "will always return the same results". So the answer to a token that was asked with
// before may be a replay, which ends where the stream ended then: it never ends a stretch, and more can always be had.
func (p *Poller) accept(page client.Page, asked time.Time, mayBeReplay bool) (more bool, err error) {
	now := time.Now()
	moved := page.Sync != p.state.Token
	more = p.moreAtOnce(page)
	if mayBeReplay && moved {
		page.HasMore, more = true, true
	}
	if !moved && p.state.quiet(now) {
		p.state.AtEnd = truncate(asked)
	} else if err := p.count(p.state.With(page, asked, now, p.limits), page.Events, now); err != nil {
		return false, err
	}
	p.accepted, p.unanswered = true, false
	p.publish()
	level.Debug(p.logger).Log("msg", "page counted", "events", len(page.Events), "has_more", page.HasMore)
	return more, nil
}

// moreAtOnce reports whether to ask for the page after this one at once: it promises one, and the last pages were not all
// without events, so a broken stream is not asked without a pause. It logs when odd pages begin.
func (p *Poller) moreAtOnce(page client.Page) bool {
	if page.NonObjects > 0 && !p.nonObjects {
		level.Warn(p.logger).Log("msg", "elements of a page are not events and not counted", "elements", page.NonObjects)
	}
	p.nonObjects = page.NonObjects > 0
	if !page.HasMore || len(page.Events) > 0 {
		p.empty = 0
		return page.HasMore
	}
	if p.empty++; p.empty == emptyPages {
		level.Warn(p.logger).Log("msg", "pages without events promise more: asking for one each interval", "pages", p.empty)
	}
	return p.empty < emptyPages
}

// count commits next, the State after these events, and passes them to what is not in it: metrics, users and the event log.
func (p *Poller) count(next State, events []client.Event, now time.Time) error {
	before := p.state.gap(SyncError).Count
	if err := p.commit(next, now); err != nil {
		return err
	}
	if n := p.state.gap(SyncError).Count - before; n > 0 {
		level.Error(p.logger).Log("msg", "gap: Asana reports that it lost events", "reason", SyncError, "reports", n)
	}
	events = slices.DeleteFunc(events, func(e client.Event) bool { return e.Action == syncErrorAction }) // A gap, not an event.
	p.metrics.counted(events, now)
	p.addUsers(events, now)
	p.events.write(events, now)
	return nil
}

// renew goes on from the fresh position that expired brought or, without that, from a page that was asked for without a token.
func (p *Poller) renew(page client.Page, expired *client.SyncExpiredError, asked time.Time) (more bool, err error) {
	first, now := p.state.Token == "", time.Now()
	next, lost := p.state.Expired(page.Sync, asked, now, p.accepted, p.limits)
	if expired == nil {
		next.Pending = nil // Closed: its backlog ends at the gap.
		next = next.With(page, asked, now, p.limits)
	}
	if err := p.count(next, page.Events, now); err != nil {
		return false, err
	}
	p.accepted, p.unanswered = p.accepted || expired == nil, false
	p.publish()
	p.logLost(lost)
	if first {
		level.Info(p.logger).Log("msg", "counting starts now", "epoch", next.Epoch.Format(time.RFC3339))
	}
	switch {
	case expired == nil:
		return page.HasMore && len(page.Events) > 0, nil
	case !first, retryAfter(expired) > 0:
		return false, expired
	}
	return true, nil
}

// logLost logs a gap, if there is one, with both ends.
func (p *Poller) logLost(lost Lost) {
	if lost.From.IsZero() {
		return
	}
	level.Error(p.logger).Log("msg", "gap: the events in between are lost", "reason", lost.Reason,
		"from", lost.From.Format(time.RFC3339), "to", lost.To.Format(time.RFC3339), "new_epoch", lost.NewEpoch)
}

// commit makes next durable and only then the state.
func (p *Poller) commit(next State, now time.Time) error {
	if !next.Open {
		next = next.reveal(now, p.limits.ZeroFirst)
	}
	start := time.Now()
	err := p.saver.Save(next)
	p.metrics.commitDuration.Observe(time.Since(start).Seconds())
	if err != nil {
		p.metrics.commitFailures.Inc()
		if errors.Is(err, ErrLockLost) {
			p.lost = err
		}
		return err
	}
	p.metrics.commits.Inc()
	p.state = next
	return nil
}

// publish lets others see the state, which is durable, unless it is open.
func (p *Poller) publish() {
	now := time.Now() // Not from before a commit that took long.
	if !p.state.Open {
		p.state.Pending = nil
		p.state = p.state.exposed(now, true)
	}
	p.changeView(func(v *View) {
		switch v.LastSuccess = p.state.Committed; {
		case !p.state.Open:
			v.State, v.Exposed, v.CatchingUpSince = p.state, true, time.Time{}
		case v.CatchingUpSince.IsZero():
			v.CatchingUpSince = now
		}
	})
}

// reveal shows the values of series that were at 0 for long enough.
func (p *Poller) reveal(now time.Time) {
	if err := p.commit(p.state, now); err != nil {
		p.revealLater = true
		level.Warn(p.logger).Log("msg", "new series stay at zero", "err", err)
		return
	}
	p.publish()
}

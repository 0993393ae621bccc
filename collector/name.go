package collector

import (
	"context"
	"errors"
	"time"

	"github.com/go-kit/log/level"
)

// nameEvery is how often the name of the workspace is asked for, and nameRetry how long after a refusal.
const (
	nameEvery = 24 * time.Hour
	nameRetry = time.Hour
)

// refreshName asks for the name of the workspace once a day. Nothing depends on it; the error is Asana's answer, which may ask to
// wait.
func (p *Poller) refreshName(ctx context.Context, now time.Time) error {
	if now.Before(p.askName) || p.state.Running != nil {
		return nil
	}
	p.setDeadline(now)
	p.askName = now.Add(nameRetry)
	name, err := p.name(ctx)
	if err != nil {
		if ctx.Err() == nil {
			level.Warn(p.logger).Log("msg", "name of the workspace not known", "err", err, "retry_in", nameRetry)
		}
		return err
	}
	if name != p.state.Name {
		next := p.state
		next.Name = name
		if err := p.commit(next, now); err != nil {
			level.Warn(p.logger).Log("msg", "name of the workspace not saved", "err", err, "retry_in", nameRetry)
			return nil // Asana answered.
		}
	}
	p.askName = now.Add(nameEvery)
	p.publish(false)
	return nil
}

// name returns the name as it is on a label. A workspace without one keeps the name that it had.
func (p *Poller) name(ctx context.Context) (name string, err error) {
	defer p.recoverPanic(&err)
	name, err = p.source.WorkspaceName(ctx)
	if err == nil && name == "" {
		err = errors.New("the answer has no name")
	}
	return labelValue(name), err
}

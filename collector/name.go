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
	"time"

	"github.com/go-kit/log/level"

	"github.com/asana-exporter/asana_exporter/client"
)

const (
	// nameEvery is how often the poller asks for the name of the workspace, and nameRetry how soon again after a failure.
	nameEvery = 24 * time.Hour
	nameRetry = time.Hour
)

// refreshName asks for the name of the workspace once a day. It returns how long Asana asks to wait before the next poll: only a
// rate limit can delay that, since the name is just a label.
func (p *Poller) refreshName(ctx context.Context, now time.Time) time.Duration {
	if now.Before(p.askName) || p.state.Open {
		return 0
	}
	p.setDeadline(now)
	p.askName = now.Add(nameRetry)
	name, err := p.name(ctx)
	if err == nil && name != p.state.Name {
		next := p.state
		next.Name = name
		err = p.commit(next, now)
	}
	switch {
	case err == nil:
		p.askName = now.Add(nameEvery)
		p.publish()
	case ctx.Err() == nil:
		level.Warn(p.logger).Log("msg", "name of the workspace not refreshed", "err", err, "retry_in", nameRetry)
	}
	if limited, ok := errors.AsType[*client.RateLimitError](err); ok {
		return retryAfter(limited)
	}
	return 0
}

// name asks for the name and returns it as a label value. An empty name is an error, so that the old one stays.
func (p *Poller) name(ctx context.Context) (name string, err error) {
	defer p.recoverPanic(&err)
	name, err = p.source.WorkspaceName(ctx)
	if err == nil && name == "" {
		err = errors.New("the answer has no name")
	}
	return labelValue(name), err
}

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
	"errors"
	"net/http"
	"time"

	"github.com/go-kit/log/level"

	"github.com/asana-exporter/asana_exporter/client"
)

const (
	// longestBackoff is the longest wait of our own choice; a Retry-After may be longer.
	longestBackoff = 5 * time.Minute
	// longestRetryAfter leaves time to notice a pause before the position dies.
	longestRetryAfter = 6 * time.Hour
	// logEvery is how often a failure that lasts is logged.
	logEvery = time.Hour
)

// failures are the polls that failed since the last one that succeeded.
type failures struct {
	n       int
	renewed bool // One of them brought a fresh position.
	logged  string
	at      time.Time // When logged was logged.
}

// failed notes a poll that failed, and returns how long to wait.
func (p *Poller) failed(err error, now time.Time) time.Duration {
	f := &p.failures
	expired, ok := errors.AsType[*client.SyncExpiredError](err)
	if ok && expired.Sync != "" && !f.renewed {
		// The fresh position dies, too, if nobody asks with it: wait little. Once only, since a 412 may come with each poll.
		f.n, f.renewed = 0, true
	}
	f.n++
	p.changeView(func(v *View) {
		if v.Up, v.Err = false, err; v.FailingSince.IsZero() {
			v.FailingSince = now
		}
	})
	wait := backoff(f.n, err, p.jitter())
	p.logFailure(err, wait, now)
	return wait
}

// backoff returns how long to wait after n failures in a row: full jitter between nothing and a second, doubled with each
// failure up to longestBackoff, and never less than Asana asks for.
// See https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.
func backoff(n int, err error, jitter float64) time.Duration {
	ceiling := min(longestBackoff, time.Second<<min(n-1, 10)) // 2^10 seconds are more than the longest.
	return max(time.Duration(jitter*float64(ceiling)), retryAfter(err))
}

// retryAfter returns how long Asana asks to wait, up to longestRetryAfter.
func retryAfter(err error) time.Duration { return min(client.RetryAfter(err), longestRetryAfter) }

// logFailure logs a failure when it differs from the one before, and then once an hour.
func (p *Poller) logFailure(err error, wait time.Duration, now time.Time) {
	f := &p.failures
	leveled := level.Warn(p.logger)
	switch refusal(err) {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound:
		leveled = level.Error(p.logger) // Somebody has to change the token, the plan or the configuration.
	}
	if text := err.Error(); text != f.logged || now.Sub(f.at) >= logEvery {
		f.logged, f.at = text, now
	} else {
		leveled = level.Debug(p.logger)
	}
	leveled.Log("msg", "poll failed", "err", err, "failures", f.n, "retry_in", wait)
}

// refusal returns the HTTP status with which Asana refused a request; 0 if it did not.
func refusal(err error) int {
	if refused, ok := errors.AsType[*client.StatusError](err); ok {
		return refused.Status
	}
	return 0
}

// positionIsDead reports whether the last refusal of a position of that age may be about its token, which lives for a day.
func positionIsDead(refused error, age time.Duration) bool {
	switch status := refusal(refused); status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusProxyAuthRequired,
		http.StatusRequestTimeout, http.StatusUnavailableForLegalReasons:
		return false // Not about the position.
	default:
		return age > longestStretch && status >= 400 && status < 500
	}
}

// succeeded notes a poll that succeeded.
func (p *Poller) succeeded(now time.Time) {
	if p.failures.n > 0 {
		level.Info(p.logger).Log("msg", "polls succeed again", "failures", p.failures.n)
	}
	p.failures = failures{}
	p.changeView(func(v *View) { v.Up, v.LastPoll, v.Err, v.FailingSince = true, now, nil, time.Time{} })
}

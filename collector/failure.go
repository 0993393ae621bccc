package collector

import (
	"errors"
	"net/http"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"asana_exporter/client"
)

// logEvery is how often a failure that lasts is logged.
const logEvery = time.Hour

// failures are the polls that failed since the last one that succeeded.
type failures struct {
	n       int
	last    error
	renewed bool // One of them brought a fresh position.
	logged  string
	at      time.Time // When logged was logged.
}

// refusedSince reports whether Asana refuses a position of that age so that it can't be alive: tokens live for a day, and the
// refusal may be about the token.
func (f *failures) refusedSince(committed, now time.Time) bool {
	refused, ok := errors.AsType[*client.StatusError](f.last)
	if !ok || now.Sub(committed) <= longestStretch {
		return false
	}
	switch refused.Status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusProxyAuthRequired,
		http.StatusRequestTimeout, http.StatusUnavailableForLegalReasons:
		return false // Not about the position.
	}
	return refused.Status >= 400 && refused.Status < 500
}

// failed notes a poll that failed, and returns how long to wait.
func (p *Poller) failed(err error, now time.Time) time.Duration {
	f := &p.failures
	f.last = err
	expired, ok := errors.AsType[*client.SyncExpiredError](err)
	if ok && expired.Sync != "" && !f.renewed {
		// The fresh position dies, too, if nobody asks with it: wait little. Once only, since a 412 may come with each poll.
		f.n, f.renewed = 0, true
	}
	f.n++
	wait := backoff(f.n, err, p.jitter())
	p.published.failed(err, now)
	f.log(p.logger, wait, now)
	return wait
}

// log logs a failure when it differs from the one before, and then once an hour.
func (f *failures) log(logger log.Logger, wait time.Duration, now time.Time) {
	leveled := level.Warn(logger)
	if isRefusal(f.last) {
		leveled = level.Error(logger)
	}
	if text := f.last.Error(); text != f.logged || now.Sub(f.at) >= logEvery {
		f.logged, f.at = text, now
	} else {
		leveled = level.Debug(logger)
	}
	leveled.Log("msg", "poll failed", "err", f.last, "failures", f.n, "retry_in", wait)
}

// isRefusal reports whether somebody has to change the token, the plan or the configuration.
func isRefusal(err error) bool {
	refused, ok := errors.AsType[*client.StatusError](err)
	if !ok {
		return false
	}
	switch refused.Status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound:
		return true
	}
	return false
}

// succeeded notes a poll that succeeded.
func (p *Poller) succeeded(now time.Time) {
	if p.failures.n > 0 {
		level.Info(p.logger).Log("msg", "polls succeed again", "failures", p.failures.n)
	}
	p.failures = failures{}
	p.published.succeeded(now)
}

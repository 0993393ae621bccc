package collector

import (
	"context"
	"errors"
	"time"

	"asana_exporter/client"
)

// backoff returns how long to wait after so many failures in a row: full jitter between nothing and a second, doubled
// with each failure up to five minutes, and never less than Asana asks for.
// See https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.
func backoff(failures int, err error, jitter float64) time.Duration {
	const longest = 5 * time.Minute
	ceiling := longest
	if failures < 10 { // 2^9 seconds are more than the longest.
		ceiling = min(longest, time.Second<<(failures-1))
	}
	wait := time.Duration(jitter * float64(ceiling))
	return max(wait, askedFor(err))
}

// askedFor returns how long Asana asks to wait, as far as that is believed.
func askedFor(err error) time.Duration {
	const believed = 15 * time.Minute
	if limited, ok := errors.AsType[*client.RateLimitError](err); ok {
		return min(believed, limited.RetryAfter)
	}
	if refused, ok := errors.AsType[*client.StatusError](err); ok {
		return min(believed, refused.RetryAfter)
	}
	return 0
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

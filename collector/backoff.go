package collector

import (
	"time"

	"asana_exporter/client"
)

// longestRetryAfter leaves time to notice a pause before the position dies.
const longestRetryAfter = 6 * time.Hour

// backoff returns how long to wait after n failures in a row: full jitter between nothing and a second, doubled with each
// failure up to five minutes, and never less than Asana asks for.
// See https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.
func backoff(n int, err error, jitter float64) time.Duration {
	const longest = 5 * time.Minute
	ceiling := longest
	if n < 10 { // 2^9 seconds are more than the longest.
		ceiling = min(longest, time.Second<<(n-1))
	}
	return max(time.Duration(jitter*float64(ceiling)), retryAfter(err))
}

// retryAfter returns how long Asana asks to wait, up to longestRetryAfter.
func retryAfter(err error) time.Duration {
	return min(client.RetryAfter(err), longestRetryAfter)
}

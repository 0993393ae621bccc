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
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asana-exporter/asana_exporter/client"
)

func TestBackoffIsFullJitterUpToFiveMinutes(t *testing.T) {
	ceilings := []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300}
	for i, ceiling := range ceilings {
		for _, jitter := range []float64{0, 0.25, 0.999} {
			want := time.Duration(jitter * float64(ceiling*time.Second))
			if got := backoff(i+1, errors.New("refused"), jitter); got != want {
				t.Errorf("failure %d, jitter %v: wait %s, want %s", i+1, jitter, got, want)
			}
		}
	}
	if got := backoff(1<<30, errors.New("refused"), 0.5); got != 150*time.Second {
		t.Errorf("after very many failures: wait %s, want 2m30s", got)
	}
}

func TestRetryAfterIsObeyedForUpToSixHours(t *testing.T) {
	const second = time.Second
	for _, test := range []struct {
		err      error
		failures int
		want     time.Duration // Jitter is a half.
	}{
		{&client.RateLimitError{RetryAfter: 40 * second}, 1, 40 * second},
		{&client.RateLimitError{RetryAfter: 40 * second}, 20, 150 * second}, // Our own patience is longer.
		{&client.RateLimitError{RetryAfter: 15 * 60 * second}, 20, 15 * 60 * second},
		{&client.RateLimitError{RetryAfter: 24 * 3600 * second}, 1, 6 * 3600 * second},
		{&client.RateLimitError{}, 1, second / 2},
		{&client.StatusError{Status: http.StatusServiceUnavailable, RetryAfter: 40 * second}, 1, 40 * second},
		{&client.StatusError{Status: http.StatusServiceUnavailable, RetryAfter: 24 * 3600 * second}, 1, 6 * 3600 * second},
		{&client.StatusError{Status: http.StatusInternalServerError}, 1, second / 2},
		{fmt.Errorf("wrapped: %w", &client.RateLimitError{RetryAfter: 40 * second}), 1, 40 * second},
	} {
		if got := backoff(test.failures, test.err, 0.5); got != test.want {
			t.Errorf("%v after %d failures: wait %s, want %s", test.err, test.failures, got, test.want)
		}
	}
}

func TestFailedPollsAreRepeatedLaterAndLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failures := map[int]error{}
		for call := range 12 {
			failures[call] = &client.StatusError{Status: http.StatusBadGateway}
		}
		failures[14] = errors.New("network") // After a success it begins anew.
		r := newRig(t, following(), Options{Interval: time.Minute}, except(failures, stream()))
		r.run(24 * time.Minute)
		var want []time.Duration
		var sum time.Duration
		for _, wait := range []time.Duration{0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 120, 120, 1} {
			sum += wait * time.Second / 2 // Jitter is a half; a half of two minutes is the interval.
			want = append(want, sum)
		}
		wantEqual(t, "asked", r.asana.askedAt[:len(want)], want)
	})
}

// Other things that wake the poller meanwhile, a series to reveal, must not make it ask too early.
func TestNothingIsAskedBeforeRetryAfter(t *testing.T) {
	for _, err := range []error{
		&client.RateLimitError{RetryAfter: 10 * time.Minute},
		&client.StatusError{Status: http.StatusServiceUnavailable, RetryAfter: 10 * time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			pages := stream(client.Page{Events: []client.Event{event("added", "task", at(0))}})
			r := newRig(t, following(), Options{ZeroFirst: zeroFirst}, except(map[int]error{1: err, 2: err}, pages))
			stop := r.start()
			time.Sleep(15*time.Second + 5*time.Minute)
			synctest.Wait()
			wantEqual(t, "shown meanwhile", shown(r.View()), map[Labels]uint64{addedTask(): 1})
			time.Sleep(16 * time.Minute)
			stop()
			want := []time.Duration{0, 15 * time.Second, 10*time.Minute + 15*time.Second, 20*time.Minute + 15*time.Second}
			wantEqual(t, fmt.Sprint(err), r.asana.askedAt[:4], want)
		})
	}
}

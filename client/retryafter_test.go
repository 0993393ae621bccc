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

package client

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRetryAfterIsNeverTooShort(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"":      0,
		"0":     0,
		"1":     time.Second,
		"+1":    time.Second,
		"0030":  30 * time.Second,
		"30.0":  30 * time.Second,
		"30.5":  31 * time.Second,
		".001":  time.Second,
		"1e3":   1000 * time.Second,
		"86400": 24 * time.Hour,
		"86401": 24 * time.Hour,

		"18446744073709551616":   24 * time.Hour,
		strings.Repeat("9", 999): 24 * time.Hour,
		"9e9999":                 24 * time.Hour,
		"inf":                    0,
		"-1":                     0,
		"-9e9999":                0,
		"nan":                    0,

		"30s":               30 * time.Second,
		"30 seconds":        30 * time.Second,
		"1.5 Sec":           2 * time.Second,
		"1500ms":            2 * time.Second,
		"2m":                2 * time.Minute,
		"2 minutes":         2 * time.Minute,
		"1 h":               time.Hour,
		`"30"`:              30 * time.Second,
		"30;":               30 * time.Second,
		"30, 30":            30 * time.Second,
		"1,2":               2 * time.Second,
		"7\n40\n":           40 * time.Second, // A line is a header.
		"\n40":              40 * time.Second,
		"soon, 5, 3, later": 5 * time.Second,
		"0x10":              0,
		"soon":              0,
		"30 moons":          0,

		"Sat, 01 Jan 2000 00:00:45 GMT":    45 * time.Second,
		"Sat, 01 Jan 2000 00:00:45 UTC":    45 * time.Second,
		"Sat, 01 Jan 2000 00:00:45":        45 * time.Second,
		"Sat, 01 Jan 2000 00:00:45 +0000":  45 * time.Second,
		"Sat, 01 Jan 2000 01:00:45 +0100":  45 * time.Second,
		"Sat, 1 Jan 2000 00:00:45 GMT":     45 * time.Second,
		"01 Jan 2000 00:00:45 GMT":         45 * time.Second,
		"Saturday, 01-Jan-00 00:01:00 GMT": time.Minute,
		"Sat Jan  1 00:00:01 2000":         time.Second,
		"2000-01-01T00:00:45Z":             45 * time.Second,
		"2000-01-01T00:00:44.5Z":           45 * time.Second,
		"Sat, 01 Jan 2000 00:00:00 GMT":    0,
		"Fri, 31 Dec 1999 23:59:00 GMT":    0,
		"Fri, 31 Dec 9999 23:59:59 GMT":    24 * time.Hour,
		"Sat, 32 Jan 2000 00:00:00 GMT":    0,

		"Sat, 01 Jan 2000 00:00:45 GMT, Sat, 01 Jan 2000 00:01:00 GMT, 5": time.Minute,
		"5\nSat, 01 Jan 2000 00:01:00 GMT":                                time.Minute,
	} {
		t.Run(header, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // Its clock begins with the year 2000.
				if got := retryAfter(http.Header{"Retry-After": strings.Split(header, "\n")}, time.Now()); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			})
		})
	}
}

func TestEveryRefusalSaysHowLong(t *testing.T) {
	const want = 31 * time.Second
	for status, err := range map[int]error{
		200: &InvalidResponseError{Err: errors.New("empty"), RetryAfter: want},
		301: &StatusError{Status: 301, RetryAfter: want},
		400: &StatusError{Status: 400, RetryAfter: want},
		412: &SyncExpiredError{RetryAfter: want},
		429: &RateLimitError{RetryAfter: want},
		503: &StatusError{Status: 503, RetryAfter: want},
	} {
		header := http.Header{"Retry-After": {"30.5"}}
		_, got := newClient(t, Options{Transport: answer{status: status, header: header}}).Events(t.Context(), position)
		if !reflect.DeepEqual(got, err) || RetryAfter(fmt.Errorf("poll: %w", got)) != want {
			t.Errorf("%d: got %#v", status, got)
		}
	}
	if got := RetryAfter(&ProxyError{RetryAfter: want}); got != want {
		t.Errorf("a proxy: got %s", got)
	}
	if got := RetryAfter(errors.ErrUnsupported); got != 0 {
		t.Errorf("no answer: got %s", got)
	}
}

// The server's clock counts where ours is ahead.
func TestRetryAfterWithAWrongClock(t *testing.T) {
	header := http.Header{"Retry-After": {"Sat, 01 Jan 2000 00:01:00 GMT"}, "Date": {"Sat, 01 Jan 2000 00:00:00 GMT"}}
	for ahead, want := range map[time.Duration]time.Duration{time.Hour: time.Minute, 0: time.Minute, -time.Minute: 2 * time.Minute} {
		now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(ahead)
		if got := retryAfter(header, now); got != want {
			t.Errorf("%s ahead: got %s, want %s", ahead, got, want)
		}
	}
}

// FuzzRetryAfter wants a time that somebody can wait for, whatever the header says.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "30", "-1", "99999999999999999999", "Sat, 01 Jan 2000 00:00:45 GMT", "Sat Jan  1 00:00:01 2000", "Fri, 31 Dec 9999 23:59:59 GMT", "30.5s, 1e9 h"} {
		f.Add(seed, int64(946684800))
	}
	f.Fuzz(func(t *testing.T, header string, now int64) {
		if wait := retryAfter(http.Header{"Retry-After": {header}}, time.Unix(now, 0)); wait < 0 || wait > 24*time.Hour || wait%time.Second != 0 {
			t.Errorf("%q: %s", header, wait)
		}
	})
}

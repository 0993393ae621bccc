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
	"math"
	"net/http"
	"net/mail"
	"strconv"
	"strings"
	"time"
)

// RetryAfter returns how long the server asked us to wait before the next request, whatever the type of err; zero if it
// did not say.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*SyncExpiredError](err); ok {
		return e.RetryAfter
	}
	if e, ok := errors.AsType[*RateLimitError](err); ok {
		return e.RetryAfter
	}
	if e, ok := errors.AsType[*StatusError](err); ok {
		return e.RetryAfter
	}
	if e, ok := errors.AsType[*ProxyError](err); ok {
		return e.RetryAfter
	}
	if e, ok := errors.AsType[*InvalidResponseError](err); ok {
		return e.RetryAfter
	}
	return 0
}

// retryAfter returns the longest wait that the Retry-After headers of an answer ask for, in whole seconds, rounded up.
// Asana sends seconds; proxies send dates, units and lists. Parts that can't be read are skipped.
// See https://www.rfc-editor.org/rfc/rfc9110#field.retry-after.
func retryAfter(header http.Header, now time.Time) time.Duration {
	const most = 24 * time.Hour // Also prevents overflow.
	if sent, err := http.ParseTime(header.Get("Date")); err == nil && sent.Before(now) {
		now = sent // Our clock may be ahead of the server's.
	}
	var longest float64
	parts := strings.Split(strings.Join(header.Values("Retry-After"), ","), ",")
	for i, part := range parts {
		longest = max(longest, parseSeconds(part))
		if date, ok := parseDate(part); ok {
			longest = max(longest, date.Sub(now).Seconds())
		}
		if i == 0 {
			continue
		}
		if date, ok := parseDate(parts[i-1] + "," + part); ok { // A comma follows the day of the week.
			longest = max(longest, date.Sub(now).Seconds())
		}
	}
	return time.Duration(math.Ceil(min(longest, most.Seconds()))) * time.Second
}

// parseSeconds reads a number with or without a unit; it returns 0 for anything else.
func parseSeconds(s string) float64 {
	s = strings.ToLower(strings.Trim(s, " \t\"';"))
	digits := strings.TrimRight(s, " abcdefghijklmnopqrstuvwxyz")
	number, err := strconv.ParseFloat(digits, 64)
	if math.IsNaN(number) || err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0
	}
	unit := strings.TrimSpace(s[len(digits):])
	switch {
	case unit == "", strings.HasPrefix(unit, "s"):
		return number
	case strings.HasPrefix(unit, "ms"), strings.HasPrefix(unit, "milli"):
		return number / 1000
	case unit == "m", strings.HasPrefix(unit, "min"):
		return number * time.Minute.Seconds()
	case strings.HasPrefix(unit, "h"):
		return number * time.Hour.Seconds()
	}
	return 0
}

// parseDate reads the three forms of HTTP, also without GMT, those of mail (with UTC or +0000), and RFC 3339.
func parseDate(s string) (time.Time, bool) {
	s = strings.Trim(s, " \t\"';")
	if date, err := http.ParseTime(s); err == nil {
		return date, true
	}
	if date, err := http.ParseTime(s + " GMT"); err == nil {
		return date, true
	}
	if date, err := mail.ParseDate(s); err == nil {
		return date, true
	}
	date, err := time.Parse(time.RFC3339, s)
	return date, err == nil
}

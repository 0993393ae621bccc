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

package simulator

import (
	"context"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Kind says what goes wrong.
type Kind string

// The kinds of faults. None moves the position or changes the truth, but for Expire.
const (
	Status       Kind = "status"        // Refuse with Fault.Status and Asana's body for it; HTML for a 502.
	Truncate     Kind = "truncate"      // Cut the answer off in the middle.
	Slow         Kind = "slow"          // Answer as usual, after Fault.Delay.
	Hang         Kind = "hang"          // No answer until the client gives up.
	Reset        Kind = "reset"         // Reset the connection.
	Expire       Kind = "expire"        // 412 with a fresh token: the client loses what it has not read.
	ExpireNoSync Kind = "expire-nosync" // 412 without a token.
	Garbage      Kind = "garbage"       // 200, and the body is no JSON.
	SameSync     Kind = "same-sync"     // A page that carries the token that was asked with.
	EmptyMore    Kind = "empty-more"    // A page without events that says there are more.
	Secondhand   Kind = "secondhand"    // A page with status 203, as a proxy that changed something sends it.
	ByteOrder    Kind = "byte-order"    // A page after a byte order mark.
	Padded       Kind = "padded"        // A page with zero bytes after its gzip stream, if it is compressed.
)

// Fault changes the answer to one request for events.
type Fault struct {
	Kind       Kind
	Status     int           // For kind Status: 400, 401, 402, 403, 404, 429, 500, 502, 503, …
	RetryAfter time.Duration // Sent with any refusal if positive, in full seconds.
	AsDate     bool          // Send RetryAfter as an HTTP date.
	Delay      time.Duration // How long to wait before anything else, with any kind.
}

// Inject lets the coming requests for events fail, in order, one for each fault. Requests that are refused anyway
// (without authorization, for another workspace, with a bad query) use up none.
func (s *Simulator) Inject(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Flaky lets a share p of the requests for events fail at random, in ways from which a client recovers by asking again.
// Requests for which Inject has a fault are left alone.
func (s *Simulator) Flaky(p float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flaky = p
}

// Outage takes Asana down for as long as d, while life in the workspace goes on: every request is answered 503 or, if
// hang is set, not at all. Zero ends an outage.
func (s *Simulator) Outage(d time.Duration, hang bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outageUntil, s.outageHangs = s.options.Now().Add(d), hang
}

// down returns what an outage does to a request, if there is one.
func (s *Simulator) down() (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := Fault{Kind: Status, Status: http.StatusServiceUnavailable}
	if s.outageHangs {
		f.Kind = Hang
	}
	return f, s.options.Now().Before(s.outageUntil)
}

// fault returns what is to happen to this request for events; its kind is empty when nothing is.
func (s *Simulator) fault() Fault {
	if len(s.faults) > 0 {
		f := s.faults[0]
		s.faults = s.faults[1:]
		return f
	}
	if s.flaky > 0 && s.dice.Float64() < s.flaky {
		return harmless(s.dice)
	}
	return Fault{}
}

// harmless returns a fault that goes away by asking again.
func harmless(dice *rand.Rand) Fault {
	return pick(dice, []Fault{
		{Kind: Status, Status: http.StatusTooManyRequests, RetryAfter: time.Second},
		{Kind: Status, Status: http.StatusInternalServerError},
		{Kind: Status, Status: http.StatusBadGateway},
		{Kind: Status, Status: http.StatusServiceUnavailable},
		{Kind: Truncate},
		{Kind: Slow, Delay: 50 * time.Millisecond},
		{Kind: Reset},
		{Kind: ExpireNoSync},
		{Kind: Garbage},
		{Kind: SameSync},
		{Kind: EmptyMore},
		{Kind: Secondhand},
		{Kind: ByteOrder},
		{Kind: Padded},
	})
}

// wait waits as the fault demands. It returns an error when ctx ends first.
func (f Fault) wait(ctx context.Context) error {
	if f.Kind == Hang {
		<-ctx.Done()
	}
	if f.Delay <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(f.Delay)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// refusal returns the answer of a fault of kind Status.
func (f Fault) refusal() reply {
	switch f.Status {
	case http.StatusInternalServerError:
		return refuseWith(f.Status, apiError{Message: "Server Error", Phrase: "7 calm herons paddle politely"})
	case http.StatusBadGateway:
		body := "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"
		return reply{status: f.Status, header: http.Header{"Content-Type": {"text/html"}}, body: []byte(body)}
	}
	return refuse(f.Status, message(f.Status))
}

// change changes an answer as the fault demands.
func (f Fault) change(a *reply, now time.Time) {
	switch {
	case a.status != http.StatusOK && f.RetryAfter > 0 && f.AsDate:
		a.header.Set("Retry-After", now.Add(f.RetryAfter).UTC().Format(http.TimeFormat))
	case a.status != http.StatusOK && f.RetryAfter > 0:
		a.header.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
	case f.Kind == Secondhand:
		a.status = http.StatusNonAuthoritativeInfo
	case f.Kind == ByteOrder:
		a.body = append([]byte("\ufeff"), a.body...)
	}
	a.cut, a.padded = f.Kind == Truncate, f.Kind == Padded
}

// message returns what Asana says with a status, as far as that is known.
func message(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "sync: Not a valid sync token"
	case http.StatusUnauthorized:
		return "Not Authorized"
	case http.StatusPaymentRequired:
		return "This endpoint is only available to Enterprise+ customers"
	case http.StatusForbidden:
		return "Forbidden: only a service account of this domain may do this"
	case http.StatusNotFound:
		return "workspace: Unknown object"
	case http.StatusTooManyRequests:
		return "You've made too many requests and hit a rate limit. Please retry after the given amount of time."
	default:
		return http.StatusText(status)
	}
}

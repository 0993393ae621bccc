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
	"strings"
	"time"
)

// ErrTooLarge is wrapped by a *InvalidResponseError when an answer exceeded a limit.
var ErrTooLarge = errors.New("answer too large")

// SyncExpiredError reports that the sync token has expired, or that the request had none.
// See https://developers.asana.com/reference/getworkspaceevents.
type SyncExpiredError struct {
	// Sync is a fresh token; empty if Asana sent none.
	Sync string
	// RetryAfter is how long the server asks us to wait; zero if it did not say.
	RetryAfter time.Duration
}

func (e *SyncExpiredError) Error() string {
	if e.Sync == "" {
		return "sync token expired, and no fresh one in the answer"
	}
	return "sync token expired"
}

// RateLimitError reports that Asana asks for fewer requests.
// See https://developers.asana.com/docs/rate-limits.
type RateLimitError struct {
	// RetryAfter is how long Asana asks us to wait; zero if it did not say.
	RetryAfter time.Duration
}

func (e *RateLimitError) Error() string {
	if e.RetryAfter == 0 {
		return "rate limited"
	}
	return fmt.Sprintf("rate limited, retry after %s", e.RetryAfter)
}

// StatusError reports any other status that carries no page.
// See https://developers.asana.com/docs/errors.
type StatusError struct {
	// Status is the HTTP status.
	Status int
	// Message is Asana's own; empty if there was none.
	Message string
	// Phrase identifies a 500 to Asana's support; empty if there was none.
	Phrase string
	// WebPage is true if the body was HTML or XML: Asana refuses in JSON.
	WebPage bool
	// RetryAfter is how long the server asks us to wait; zero if it did not say.
	RetryAfter time.Duration
}

func (e *StatusError) Error() string {
	s := "refused: " + statusText(e.Status)
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Phrase != "" {
		s += fmt.Sprintf(" (phrase %q)", e.Phrase)
	}
	if hint := e.hint(); hint != "" {
		s += " (" + hint + ")"
	}
	return s
}

// hint says what to check first. Asana does not document which of 401, 402 and 403 a wrong plan or a wrong kind of token
// gets.
func (e *StatusError) hint() string {
	if e.WebPage && e.Status >= 400 && e.Status < 500 && e.Status != http.StatusProxyAuthRequired {
		return "the answer is " + webPage + ", not of Asana"
	}
	switch e.Status {
	case http.StatusUnauthorized:
		return "is the token that of a service account, and not revoked?"
	case http.StatusPaymentRequired, http.StatusForbidden:
		return "only a service account of an Enterprise+ domain may read workspace events"
	case http.StatusNotFound:
		return "is the workspace's gid right, and does the service account belong to its domain?"
	case http.StatusProxyAuthRequired:
		return proxyNeedsPassword
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return "redirects are not followed; is the API address right?"
	}
	return ""
}

// ProxyError reports that the proxy of HTTPS_PROXY refused to connect to Asana.
type ProxyError struct {
	// Status is the proxy's HTTP status.
	Status int
	// RetryAfter is how long the proxy asks us to wait; zero if it did not say.
	RetryAfter time.Duration
}

func (e *ProxyError) Error() string {
	hint := "may it connect to the API address?"
	if e.Status == http.StatusProxyAuthRequired {
		hint = proxyNeedsPassword
	}
	return fmt.Sprintf("proxy of HTTPS_PROXY refused: %s (%s)", statusText(e.Status), hint)
}

const proxyNeedsPassword = "HTTPS_PROXY needs the right user and password, as in http://user:password@host:port" //nolint:gosec // No password.

// InvalidResponseError reports an answer that is no page: HTML, truncated, too large or not JSON.
type InvalidResponseError struct {
	// Err says what is wrong with the answer.
	Err error
	// RetryAfter is how long the server asks us to wait; zero if it did not say.
	RetryAfter time.Duration
}

func (e *InvalidResponseError) Error() string { return "unusable answer: " + e.Err.Error() }

// Unwrap returns Err.
func (e *InvalidResponseError) Unwrap() error { return e.Err }

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

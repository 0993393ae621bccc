package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ErrTooLarge is what a *InvalidResponseError wraps when an answer passed a limit.
var ErrTooLarge = errors.New("answer too large")

// SyncExpiredError reports that Asana does not know the sync token, or was sent none.
// See https://developers.asana.com/reference/getworkspaceevents.
type SyncExpiredError struct {
	// Sync is a fresh token; empty if Asana sent none.
	Sync string
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

// StatusError reports any other answer that is not 200.
// See https://developers.asana.com/docs/errors.
type StatusError struct {
	// Status is the HTTP status.
	Status int
	// Message is Asana's own; empty if there was none.
	Message string
	// Phrase is what Asana's support asks for after a 500; empty if there was none.
	Phrase string
	// RetryAfter is how long the server asks us to wait; zero if it did not say.
	RetryAfter time.Duration
}

func (e *StatusError) Error() string {
	s := strings.TrimSpace(fmt.Sprintf("refused: %d %s", e.Status, http.StatusText(e.Status)))
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Phrase != "" {
		s += fmt.Sprintf(" (phrase %q)", e.Phrase)
	}
	if hint := hint(e.Status); hint != "" {
		s += " (" + hint + ")"
	}
	return s
}

// InvalidResponseError reports an answer that is no page: wrong content type, truncated, too large or not JSON.
type InvalidResponseError struct{ Err error }

func (e *InvalidResponseError) Error() string { return "unusable answer: " + e.Err.Error() }

// Unwrap returns what was wrong with the answer.
func (e *InvalidResponseError) Unwrap() error { return e.Err }

// hint says what to look at first. Which of the three a wrong plan or a wrong kind of token gets is documented nowhere.
func hint(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "is the token that of a service account, and not revoked?"
	case http.StatusPaymentRequired, http.StatusForbidden:
		return "only a service account of an Enterprise+ domain may read workspace events"
	case http.StatusNotFound:
		return "is the workspace's gid right, and does the service account belong to its domain?"
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return "redirects are not followed; is the API address right?"
	}
	return ""
}

package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// readPage reads the body of a 200.
func readPage(header http.Header, d *decoder, read func(*decoder) error) error {
	if err := checkType(d.secret.redact(header.Get("Content-Type"))); err != nil {
		return &InvalidResponseError{err}
	}
	err := read(d)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = errors.New("truncated")
	case errors.Is(err, io.EOF):
		err = errors.New("empty")
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		// Without the names of the members that it is in, which may be long, escaped and cut.
		err = fmt.Errorf("%w after byte %d", syntax.Err, syntax.ByteOffset)
	}
	return &InvalidResponseError{d.secret.redactError(err)}
}

// checkType refuses what calls itself something other than JSON. Text without a kind passes, as does no type at all:
// what decides then is whether the body is a page.
func checkType(contentType string) error {
	kind, _, err := mime.ParseMediaType(contentType)
	switch {
	case contentType == "", kind == "application/json", kind == "text/json", kind == "text/plain", strings.HasSuffix(kind, "+json"):
		return nil
	case err != nil:
		return errors.New("content type can't be read")
	}
	return fmt.Errorf("content type is %s and not application/json", short(kind))
}

// refusal turns an answer that is not 200 into a typed error. Its body may be anything, so nothing depends on it.
func refusal(resp *http.Response, d *decoder) error {
	body := d.refusal()
	retryAfter := parseRetryAfter(resp.Header.Get("Retry-After"), time.Now())
	switch resp.StatusCode {
	case http.StatusPreconditionFailed:
		return &SyncExpiredError{Sync: body.sync}
	case http.StatusTooManyRequests:
		return &RateLimitError{RetryAfter: retryAfter}
	}
	return &StatusError{Status: resp.StatusCode, Message: short(body.message), Phrase: short(body.phrase), RetryAfter: retryAfter}
}

// parseRetryAfter reads both forms of the header, seconds and a date; what can't be read is zero.
// See https://www.rfc-editor.org/rfc/rfc9110#field.retry-after.
func parseRetryAfter(s string, now time.Time) time.Duration {
	const most = 24 * time.Hour // Far beyond what anybody waits for, and no overflow.
	seconds, err := strconv.ParseUint(s, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(most/time.Second))) * time.Second
	}
	if date, err := http.ParseTime(s); err == nil {
		return min(max(0, date.Sub(now)), most)
	}
	return 0
}

// transportError describes why no complete answer came. It drops the URL (it holds the sync token) and the bearer token.
func transportError(ctx context.Context, secret secret, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if inner, ok := errors.AsType[*url.Error](err); ok {
		err = inner.Err
	}
	return secret.redactError(err)
}

// short makes text from outside fit for a log line.
func short(s string) string {
	const most = 300
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= most {
		return s
	}
	end := most
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

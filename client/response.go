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
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

const webPage = "a web page, probably of a proxy or firewall between here and Asana"

// mayBePage reports whether an answer with this status can hold a whole page: a proxy that changed a header may turn a
// 200 into a 203. The exceptions have no body, or a part of one.
func mayBePage(status int) bool {
	switch status {
	case http.StatusNoContent, http.StatusResetContent, http.StatusPartialContent, http.StatusIMUsed:
		return false
	}
	return status >= 200 && status < 300
}

// readPage decodes a body with read. A refused page blocks the stream for a day, so a whole page passes whatever its
// content type, unless that is HTML.
func readPage(header http.Header, d *decoder, read func(*decoder) error) error {
	types := mediaTypes(header)
	isJSON := len(types) == 0 || slices.ContainsFunc(types, isJSONType)
	err := errors.New(webPage)
	if isJSON || !slices.ContainsFunc(types, isHTMLType) {
		err = read(d)
	}
	switch {
	case err == nil:
		return nil
	case d.startsWithMarkup():
		err = errors.New(webPage)
	default:
		err = readable(err)
	}
	if encoding := header.Get("Content-Encoding"); encoding != "" && !isGzip(header) {
		err = fmt.Errorf("content encoding is %s and not gzip: %w", short(d.secret.redact(encoding)), err)
	}
	if !isJSON {
		err = fmt.Errorf("content type is %s and not application/json: %w", short(d.secret.redact(strings.Join(types, ", "))), err)
	}
	return invalidResponse(header, d.secret, err)
}

// readable shortens an error of the JSON decoder.
func readable(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("truncated")
	case errors.Is(err, io.EOF):
		return errors.New("empty")
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		// Without the JSON pointer: it holds member names of the answer.
		return fmt.Errorf("%w after byte %d", syntax.Err, syntax.ByteOffset)
	}
	return err
}

func invalidResponse(header http.Header, secret secret, err error) error {
	return &InvalidResponseError{Err: secret.redactError(err), RetryAfter: retryAfter(header, time.Now())}
}

// mediaTypes returns the types that the Content-Type headers name, lower case and without parameters. Proxies send the
// header twice, or two types in one.
func mediaTypes(header http.Header) []string {
	var types []string
	for name := range strings.SplitSeq(strings.Join(header.Values("Content-Type"), ","), ",") {
		name, _, _ = strings.Cut(name, ";")
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			types = append(types, name)
		}
	}
	return types
}

func isJSONType(mediaType string) bool {
	return mediaType == "application/json" || mediaType == "text/json" || strings.HasSuffix(mediaType, "+json")
}

func isHTMLType(mediaType string) bool {
	return mediaType == "text/html" || mediaType == "application/xhtml+xml"
}

// startsWithMarkup reports whether the body is HTML or XML. It works until the first value of the body was read.
func (d *decoder) startsWithMarkup() bool {
	return d.json.InputOffset() == 0 && bytes.HasPrefix(bytes.TrimLeft(d.json.UnreadBuffer(), "\uFEFF \t\r\n"), []byte("<"))
}

// refusal turns an answer that is no page into a typed error, whatever its body holds.
func refusal(resp *http.Response, secret secret) error {
	d := new(decoder)
	_ = d.read(resp, maxErrorBytes) // After an error, a part of the body may still have the message.
	d.start(secret)
	body := d.refusalBody()
	wait := retryAfter(resp.Header, time.Now())
	switch resp.StatusCode {
	case http.StatusPreconditionFailed:
		return &SyncExpiredError{Sync: body.sync, RetryAfter: wait}
	case http.StatusTooManyRequests:
		return &RateLimitError{RetryAfter: wait}
	}
	return &StatusError{
		Status:     resp.StatusCode,
		Message:    short(body.message),
		Phrase:     short(body.phrase),
		WebPage:    slices.ContainsFunc(mediaTypes(resp.Header), isHTMLType) || d.startsWithMarkup(),
		RetryAfter: wait,
	}
}

// refusalBody is the part of a refusal that we use.
type refusalBody struct{ message, phrase, sync string }

// refusalBody reads what it can: the body of a refusal may be a web page.
func (d *decoder) refusalBody() (body refusalBody) {
	err := d.object(func(name []byte) (err error) {
		switch string(name) {
		case `"errors"`:
			err = d.refusalErrors(&body)
		case `"sync"`:
			body.sync, err = d.sync()
		default:
			err = d.skip()
		}
		return err
	})
	if err != nil || d.end() != nil {
		body.sync = "" // Half of a token is none.
	}
	return body
}

// refusalErrors reads the first of a list of errors.
func (d *decoder) refusalErrors(body *refusalBody) error {
	return d.array(func(i int) error {
		if i > 0 {
			return d.skip()
		}
		return d.object(func(name []byte) (err error) {
			switch string(name) {
			case `"message"`:
				body.message, err = d.text()
			case `"phrase"`:
				body.phrase, err = d.text()
			default:
				err = d.skip()
			}
			return err
		})
	})
}

// short cuts text from outside to 300 bytes of valid UTF-8. What could move the cursor of a terminal, or turn the direction of its text,
// becomes a space.
func short(s string) string {
	const most = 300
	s = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) <= most {
		return s
	}
	end := most
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

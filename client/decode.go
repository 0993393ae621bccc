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
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A decoder reads answers, one after the other. It keeps its buffers, and the texts that pages repeat.
type decoder struct {
	body   bytes.Buffer
	gzip   gzipReader
	json   *jsontext.Decoder
	secret secret
	texts  texts
	users  map[string]string // Gids of users, by their objects in JSON.
	dates  dates
	kept   []Event // Of the last page. The next page reuses it, since the events are most of what a page allocates.

	resourceGIDs bool // Options.ResourceGIDs.

	escaped bool // Names may be written with escapes: the letters of those that we read can only be written as \u00XX.
}

// Limits of the cache of user objects: how many, and the bytes of one. It holds the people who are at work.
const (
	keptUsers   = 4096
	longestUser = 256
)

// lenient returns the options of a decoder: one bad byte or a repeated name must not block the stream for a day.
func lenient() json.Options {
	return json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
}

// start makes the decoder parse its body, the answer to a request with this secret.
func (d *decoder) start(secret secret) {
	if d.json == nil {
		d.json = jsontext.NewDecoder(&d.body, lenient())
	} else {
		d.json.Reset(&d.body, lenient())
	}
	if d.secret.bearer != secret.bearer { // Texts are redacted for one bearer token.
		d.texts, d.users = texts{}, nil
	}
	d.secret, d.escaped = secret, bytes.Contains(d.body.Bytes(), []byte(`\u00`))
}

// enter reads the start of an object or an array, and skips any other value.
func (d *decoder) enter(kind jsontext.Kind) (entered bool, err error) {
	if d.json.PeekKind() != kind {
		return false, d.skip()
	}
	_, err = d.json.ReadToken()
	return err == nil, err
}

// name reads the name of the next member of an object, in quotes and valid until the next read. At the end of the object it
// returns nil. The whole body is buffered, so the bytes of the token are at hand: faster than PeekKind and ReadValue.
func (d *decoder) name() ([]byte, error) {
	start, unread := d.json.InputOffset(), d.json.UnreadBuffer()
	if _, err := d.json.ReadToken(); err != nil {
		return nil, err
	}
	name := unread[:d.json.InputOffset()-start]
	if name[len(name)-1] != '"' {
		return nil, nil
	}
	for name[0] != '"' { // A comma and white space come first.
		name = name[1:]
	}
	if d.escaped && bytes.IndexByte(name, '\\') >= 0 {
		name, _ = jsontext.AppendQuote(nil, unquote(name)) // Its error is that of invalid UTF-8, which it repairs.
	}
	return name, nil
}

// object reads an object and calls member with each name, to read the value. It skips any other value.
func (d *decoder) object(member func(name []byte) error) error {
	if entered, err := d.enter(jsontext.KindBeginObject); !entered {
		return err
	}
	for {
		name, err := d.name()
		if name == nil || err != nil {
			return err
		}
		if err := member(name); err != nil {
			return err
		}
	}
}

// skip skips a value, faster than SkipValue if it is small.
func (d *decoder) skip() error {
	_, err := d.json.ReadValue()
	return err
}

// array reads an array and calls element for each index, to read the value. It skips any other value.
func (d *decoder) array(element func(i int) error) error {
	if entered, err := d.enter(jsontext.KindBeginArray); !entered {
		return err
	}
	for i := 0; ; i++ {
		if kind := d.json.PeekKind(); kind == jsontext.KindEndArray || kind == jsontext.KindInvalid {
			_, err := d.json.ReadToken() // The end of the array, or what is wrong.
			return err
		}
		if err := element(i); err != nil {
			return err
		}
	}
}

// text returns a string, and "" for any other value. Bytes that are not UTF-8 come out as U+FFFD.
func (d *decoder) text() (string, error) {
	value, err := d.json.ReadValue()
	if err != nil || value[0] != '"' || len(value) > maxTextBytes {
		return "", err
	}
	known := d.texts.place(value)
	if known.json == string(value) {
		return known.text, nil
	}
	text := d.plain(value)
	if len(value) <= longestKnown {
		*known = knownText{string(value), text}
	}
	return text, nil
}

// plain returns the content of a string, redacted.
func (d *decoder) plain(value jsontext.Value) string {
	return d.secret.redact(strings.ToValidUTF8(string(unquote(value)), "\uFFFD"))
}

// gidOf returns a gid, which may be written as a number, and "" for any other value.
func (d *decoder) gidOf(value jsontext.Value) string {
	switch {
	case len(value) > maxGIDBytes:
		return ""
	case value.Kind() == jsontext.KindNumber:
		return string(value)
	case value.Kind() == jsontext.KindString:
		return d.plain(value)
	}
	return ""
}

// sync returns a sync token, or "" if the value is unusable: it is sent to Asana and kept on disk, so it may be neither long nor
// the bearer token.
func (d *decoder) sync() (string, error) {
	value, err := d.json.ReadValue()
	if err != nil || value[0] != '"' || len(value) > maxSyncBytes {
		return "", err
	}
	token := strings.ToValidUTF8(string(unquote(value)), "\uFFFD")
	if d.secret.isIn(token) {
		return "", nil
	}
	return token, nil
}

// time returns the zero time unless the value is an RFC 3339 date.
func (d *decoder) time() (time.Time, error) {
	value, err := d.json.ReadValue()
	if err != nil || value[0] != '"' {
		return time.Time{}, err
	}
	return d.dates.parse(unquote(value)), nil
}

func (d *decoder) bool() (bool, error) {
	value, err := d.json.ReadValue()
	return err == nil && value.Kind() == jsontext.KindTrue, err
}

// unquote returns the content of a string, which may be a part of it.
func unquote(value jsontext.Value) []byte {
	if inner := value[1 : len(value)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	text, _ := jsontext.AppendUnquote(nil, value) // Its error is that of invalid UTF-8, which it repairs.
	return text
}

// end checks that nothing follows but white space, and zero bytes, which some proxies add.
func (d *decoder) end() error {
	_, err := d.json.ReadToken()
	if err == nil {
		return errors.New("more than one JSON value in it")
	}
	if errors.Is(err, io.EOF) || len(bytes.Trim(d.json.UnreadBuffer(), "\x00 \t\r\n")) == 0 {
		return nil // The error, if any, is that of a zero byte.
	}
	return err
}

package client

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// object reads an object and calls member for each name; member reads the value. Anything else than an object is
// passed over. A name is valid until member reads.
func (d *decoder) object(member func(name []byte) error) error {
	if d.json.PeekKind() != jsontext.KindBeginObject {
		return d.json.SkipValue()
	}
	if _, err := d.json.ReadToken(); err != nil {
		return err
	}
	for d.more() {
		name, err := d.json.ReadValue()
		if err != nil {
			return err
		}
		if err := member(d.unquote(name)); err != nil {
			return err
		}
	}
	_, err := d.json.ReadToken()
	return err
}

// more tells whether the object or array under way has another element; a syntax error ends it too, and is reported by
// the next read.
func (d *decoder) more() bool {
	kind := d.json.PeekKind()
	return kind != jsontext.KindEndObject && kind != jsontext.KindEndArray && kind != jsontext.KindInvalid
}

// text returns a string, and "" for any other value. Bytes that are not UTF-8 come out as U+FFFD.
func (d *decoder) text() (string, error) {
	value, err := d.json.ReadValue()
	if err != nil || value.Kind() != jsontext.KindString || len(value) > maxTextBytes {
		return "", err
	}
	raw := d.unquote(value)
	if known, ok := d.names[string(raw)]; ok {
		return known, nil
	}
	s := d.secret.redact(strings.ToValidUTF8(string(raw), "\uFFFD"))
	const longest, most = 64, 4096 // A hostile answer does not fill the map.
	if len(raw) <= longest && len(d.names) < most {
		d.names[string(raw)] = s
	}
	return s, nil
}

// sync returns a sync token as it is, and "" for what can't be one: it is sent to Asana and kept on disk, so it may be
// neither long nor the bearer token.
func (d *decoder) sync() (string, error) {
	value, err := d.json.ReadValue()
	if err != nil || value.Kind() != jsontext.KindString || len(value) > maxSyncBytes {
		return "", err
	}
	token := strings.ToValidUTF8(string(d.unquote(value)), "\uFFFD")
	if d.secret.isIn(token) {
		return "", nil
	}
	return token, nil
}

// time returns the zero time for what is no RFC 3339 date.
func (d *decoder) time() (time.Time, error) {
	value, err := d.json.ReadValue()
	if err != nil || value.Kind() != jsontext.KindString {
		return time.Time{}, err
	}
	var t time.Time
	if t.UnmarshalText(d.unquote(value)) != nil {
		t = time.Time{}
	}
	return t, nil
}

func (d *decoder) bool() (bool, error) {
	value, err := d.json.ReadValue()
	return err == nil && value.Kind() == jsontext.KindTrue, err
}

// unquote returns the content of a string. It is valid until the next read.
func (d *decoder) unquote(value jsontext.Value) []byte {
	if inner := value[1 : len(value)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	// The only error it can have here is that of invalid UTF-8, which it has repaired.
	d.scratch, _ = jsontext.AppendUnquote(d.scratch[:0], value)
	return d.scratch
}

// end checks that nothing but white space follows; reading so far also checks the end of a compressed body.
func (d *decoder) end() error {
	switch _, err := d.json.ReadToken(); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return errors.New("more than one JSON value in it")
}

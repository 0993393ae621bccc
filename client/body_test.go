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
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// gzipped returns a text as one gzip stream.
func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, text)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func writeGzip(t testing.TB, w http.ResponseWriter, text string) {
	t.Helper()
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Content-Encoding", "gzip")
	w.Write(gzipped(t, text))
}

// failing is a transport that reaches nobody.
type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("connection refused")
}

func brokenBody() io.Reader {
	return io.MultiReader(strings.NewReader(`{"data":[`), iotest.ErrReader(errors.New("connection reset")))
}

// brokenOff reports whether an answer did not come whole, and gave nothing.
func brokenOff(page Page, err error, want string) bool {
	garbage, ok := errors.AsType[*InvalidResponseError](err)
	return ok && garbage.Err.Error() == want && reflect.DeepEqual(page, Page{})
}

func TestGzip(t *testing.T) {
	body := `{"data":[` + strings.Repeat(`{"action":"added"},`, 999) + `{}],"sync":"a:1"}`
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) { writeGzip(t, w, body) })
	page, err := newClient(t, Options{URL: address}).Events(t.Context(), position)
	if err != nil || len(page.Events) != 1000 || page.Sync != "a:1" {
		t.Errorf("got %d events, %q and %v", len(page.Events), page.Sync, err)
	}
}

// Some proxies pad what they pass on, or compress it in several streams.
func TestOddGzipIsRead(t *testing.T) {
	half := len(emptyPage) / 2
	for name, body := range map[string]string{
		"zero bytes after the stream": string(gzipped(t, emptyPage)) + strings.Repeat("\x00", 9000),
		"two streams":                 string(gzipped(t, emptyPage[:half])) + string(gzipped(t, emptyPage[half:])),
		"byte order mark":             string(gzipped(t, "\uFEFF"+emptyPage)),
		"an empty stream":             string(gzipped(t, "")) + string(gzipped(t, emptyPage)),
	} {
		address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, body)
		})
		c := newClient(t, Options{URL: address})
		for range 3 { // The decoder is used again.
			if page, err := c.Events(t.Context(), position); err != nil || page.Sync != "next:1" {
				t.Errorf("%s: got %+v and %v", name, page, err)
			}
		}
	}
}

// What is wrong behind the end of the page matters too: the page may be another than was sent.
func TestDamagedGzipIsRefused(t *testing.T) {
	whole := gzipped(t, emptyPage)
	flipped := func(at int) string {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 0x10
		return string(damaged)
	}
	for name, test := range map[string]struct{ body, want string }{
		"not compressed":      {emptyPage, "broke off: gzip: invalid header"},
		"nothing":             {"", "empty"},
		"half a header":       {string(whole[:5]), "broke off: unexpected EOF"},
		"damaged header":      {flipped(0), "broke off: gzip: invalid header"},
		"unknown method":      {flipped(2), "broke off: gzip: invalid header"},
		"half":                {string(whole[:len(whole)/2]), "broke off: unexpected EOF"},
		"without a checksum":  {string(whole[:len(whole)-8]), "broke off: unexpected EOF"},
		"wrong checksum":      {flipped(len(whole) - 8), "broke off: gzip: invalid checksum"},
		"wrong size":          {flipped(len(whole) - 1), "broke off: gzip: invalid checksum"},
		"something behind":    {string(whole) + "x", "broke off: unexpected EOF"},
		"garbage behind":      {string(whole) + strings.Repeat("x", 20), "broke off: gzip: invalid header"},
		"garbage after zeros": {string(whole) + "\x00\x00x", "broke off: unexpected EOF"},
		"two streams":         {string(whole) + string(whole), "more than one JSON value in it"},
		"wrong deflate":       {string(whole[:10]) + "\xff\xff\xff\xff", "broke off: flate: corrupt input before offset 1"},
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				w.Header().Set("Content-Type", "application/json")
				io.WriteString(w, test.body)
			})
			page, err := newClient(t, Options{URL: address}).Events(t.Context(), position)
			if !brokenOff(page, err, test.want) {
				t.Errorf("got %+v and %v, want %s", page, err, test.want)
			}
		})
	}
}

// A page that seems whole may be cut: the server said how long it is, or how its end looks.
func TestTruncatedBodyIsRefused(t *testing.T) {
	for name, test := range map[string]struct{ answer, want string }{
		"shorter than said":        {fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(emptyPage)+1, emptyPage), "broke off: unexpected EOF"},
		"half":                     {"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"data\":[{},", "broke off: unexpected EOF"},
		"no last chunk":            {fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(emptyPage), emptyPage), "broke off: unexpected EOF"},
		"half a chunk":             {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{\"data\":[{},", "broke off: unexpected EOF"},
		"no chunk":                 {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{\"data\":[{},\r\n", "broke off: invalid byte in chunk length"},
		"no length, but truncated": {"HTTP/1.1 200 OK\r\n\r\n{\"data\":[{},", "truncated"},
		"no content":               {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			page, err := newClient(t, Options{URL: serveBytes(t, test.answer)}).Events(t.Context(), position)
			if !brokenOff(page, err, test.want) {
				t.Errorf("got %+v and %v, want %s", page, err, test.want)
			}
		})
	}
	t.Run("reset", func(t *testing.T) {
		page, err := newClient(t, Options{Transport: answer{stream: brokenBody}}).Events(t.Context(), position)
		if !brokenOff(page, err, "broke off: connection reset") {
			t.Errorf("got %+v and %v", page, err)
		}
	})
}

// A body may come in pieces of any size: what is read stays the same.
func TestBodyInSmallPieces(t *testing.T) {
	body := realisticPage(t)
	want, err := read(t, string(body))
	if err != nil || len(want.Events) != 1000 {
		t.Fatalf("%d events, %v", len(want.Events), err)
	}
	for name, stream := range map[string]func() io.Reader{
		"bytes":         func() io.Reader { return iotest.OneByteReader(bytes.NewReader(body)) },
		"halves":        func() io.Reader { return iotest.HalfReader(bytes.NewReader(body)) },
		"end with data": func() io.Reader { return iotest.DataErrReader(bytes.NewReader(body)) },
	} {
		got, err := newClient(t, Options{Transport: answer{stream: stream}, Timeout: patience}).Events(t.Context(), position)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %d events, %q and %v", name, len(got.Events), got.Sync, err)
		}
	}
}

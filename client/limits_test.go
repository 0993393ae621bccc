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
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const tooLarge = "unusable answer: answer too large: more than 16777216 bytes"

// repeater is a text again and again, without end.
type repeater struct {
	text string
	next int
}

func (r *repeater) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		copied := copy(p[n:], r.text[r.next:])
		r.next = (r.next + copied) % len(r.text)
		n += copied
	}
	return n, nil
}

// kibibyte is a part of an array.
func kibibyte() string { return `"` + strings.Repeat("x", 1021) + `",` }

func farTooMuch() io.Reader {
	return io.MultiReader(strings.NewReader(`{"x":[`), &repeater{text: kibibyte()})
}

func endless(text string) func() io.Reader {
	return func() io.Reader { return &repeater{text: text} }
}

// Passing the limit by one byte is an error, not a cut.
func TestLimitOnTheBody(t *testing.T) {
	const head, tail = `{"data":[{"action":"added"}],"sync":"a:1","x":[`, `]}`
	whole := func(size int) string {
		filler := size - len(head) - len(tail) - len(`""`)
		parts := strings.Repeat(kibibyte(), filler/1024)
		return head + parts + `"` + strings.Repeat("x", filler%1024) + `"` + tail
	}
	page, err := read(t, whole(maxBodyBytes))
	if want := (Page{Events: []Event{{Action: "added"}}, Sync: "a:1"}); err != nil || !reflect.DeepEqual(page, want) {
		t.Errorf("at the limit: got %+v and %v, want %+v", page, err, want)
	}
	for name, body := range map[string]string{
		"one past it":        whole(maxBodyBytes + 1),
		"a new line past it": whole(maxBodyBytes) + "\n",
	} {
		page, err := read(t, body)
		if words(err) != tooLarge || !errors.Is(err, ErrTooLarge) || !reflect.DeepEqual(page, Page{}) {
			t.Errorf("%s: got %+v and %v", name, page, err)
		}
	}
}

// The limit is on what comes out of the compression: this is a gibibyte, sent as a few.
func TestGzipBomb(t *testing.T) {
	head, mebibyte := gzipped(t, `{"data":[],"sync":"a:1","x":[`), gzipped(t, strings.Repeat(kibibyte(), 1024))
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(head)
		w.Write(bytes.Repeat(mebibyte, 1024)) // Streams may follow one another.
	})
	if len(mebibyte)*1024 > maxBodyBytes {
		t.Fatalf("%d KiB are no bomb", len(mebibyte))
	}
	page, err := newClient(t, Options{URL: address, Timeout: patience}).Events(t.Context(), position)
	if words(err) != tooLarge || !reflect.DeepEqual(page, Page{}) {
		t.Errorf("got %+v and %v", page, err)
	}
}

func TestLimitOnEvents(t *testing.T) {
	body := func(events int) string {
		return `{"data":[7,` + strings.Repeat("{},", events-1) + `{}],"sync":"a:1"}`
	}
	page, err := read(t, body(maxEvents))
	if err != nil || len(page.Events) != maxEvents || page.NonObjects != 1 {
		t.Errorf("at the limit: %d events, %d nonObjects and %v", len(page.Events), page.NonObjects, err)
	}
	page, err = read(t, body(maxEvents+1))
	if words(err) != "unusable answer: answer too large: more than 100000 events" || !errors.Is(err, ErrTooLarge) || len(page.Events) != 0 {
		t.Errorf("past the limit: %d events and %v", len(page.Events), err)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// watched counts what is read, and looks at the heap each four MiB and at the end.
type watched struct {
	inner io.Reader
	read  int64
	next  int64
	heap  uint64
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.inner.Read(p)
	w.read += int64(n)
	if w.read >= w.next || w.read > maxBodyBytes {
		w.heap = max(w.heap, heap())
		w.next = w.read + 4<<20
	}
	return n, err
}

// A refusal is read no further than an explanation is long, and still is that refusal.
func TestLimitOnTheBodyOfARefusal(t *testing.T) {
	for status, want := range map[int]error{
		412: &SyncExpiredError{}, // A token from a body that never ends is none.
		429: &RateLimitError{},
		500: &StatusError{Status: 500, Message: "No."},
	} {
		body := &watched{inner: io.MultiReader(strings.NewReader(`{"errors":[{"message":"No."}],"sync":"a:1"`), endless(" ")())}
		c := newClient(t, Options{Transport: answer{status: status, stream: func() io.Reader { return body }}})
		if _, err := c.Events(t.Context(), position); !reflect.DeepEqual(err, want) {
			t.Errorf("%d: got %#v, want %#v", status, err, want)
		}
		if body.read > maxErrorBytes+1 {
			t.Errorf("%d: read %d bytes", status, body.read)
		}
	}
}

func TestLimitOnTheHeader(t *testing.T) {
	long := "HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("x", 10<<20) + "\r\nContent-Length: 44\r\n\r\n" + emptyPage
	many := "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Many: x\r\n", 1<<20) + "\r\n" + emptyPage
	hints := strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", 1<<18) + "HTTP/1.1 200 OK\r\n\r\n" + emptyPage
	for name, answer := range map[string]string{"one": long, "many": many, "early hints": hints} {
		page, err := newClient(t, Options{URL: serveBytes(t, answer)}).Events(t.Context(), position)
		if !strings.Contains(words(err), "server response headers exceeded 262144 bytes") || !reflect.DeepEqual(page, Page{}) {
			t.Errorf("%s: got %+v and %v", name, page, err)
		}
	}
}

// One deadline is over all of an answer, and the error says so.
func TestDeadline(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	drip := func(conn net.Conn, text string) {
		for {
			time.Sleep(time.Second)
			if _, err := io.WriteString(conn, text); err != nil {
				return
			}
		}
	}
	for name, answer := range map[string]func(net.Conn){
		"no answer":        func(conn net.Conn) { io.ReadAll(conn) },
		"header drips":     func(conn net.Conn) { io.WriteString(conn, head+"X-Slow: "); drip(conn, "x") },
		"early hints drip": func(conn net.Conn) { drip(conn, "HTTP/1.1 103 Early Hints\r\n\r\n") },
		"no body":          func(conn net.Conn) { io.WriteString(conn, head+"\r\n"); io.ReadAll(conn) },
		"body hangs":       func(conn net.Conn) { io.WriteString(conn, head+"\r\n"+`{"data":[{},`); io.ReadAll(conn) },
		"body drips":       func(conn net.Conn) { io.WriteString(conn, head+"\r\n"+`{"data":[{}`); drip(conn, ",{}") },
		"blanks drip":      func(conn net.Conn) { io.WriteString(conn, head+"\r\n"+emptyPage); drip(conn, " ") },
		"end is missing": func(conn net.Conn) {
			io.WriteString(conn, head+"Content-Length: 100\r\n\r\n"+emptyPage)
			io.ReadAll(conn)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var status []int
				c := pipeClient(t, 7*time.Second, answer, func(e Exchange) { status = append(status, e.Status) })
				start := time.Now()
				page, err := c.Events(t.Context(), position)
				if words(err) != "no complete answer within 7s" || !reflect.DeepEqual(page, Page{}) {
					t.Errorf("got %+v and %v", page, err)
				}
				if took := time.Since(start); took != 7*time.Second {
					t.Errorf("took %s", took)
				}
				if !reflect.DeepEqual(status, []int{0}) {
					t.Errorf("observed status %d, want 0 for no complete answer", status)
				}
			})
		})
	}
}

// A refusal counts although its explanation never comes.
func TestRefusalWhoseBodyHangs(t *testing.T) {
	for head, want := range map[string]*StatusError{
		"503 Busy\r\nRetry-After: 60":                                          {Status: 503, RetryAfter: time.Minute},
		"101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket": {Status: 101},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := pipeClient(t, 0, func(conn net.Conn) {
				io.WriteString(conn, "HTTP/1.1 "+head+"\r\n\r\n{\"errors\":[")
				io.ReadAll(conn)
			}, nil)
			start := time.Now()
			if _, err := c.Events(t.Context(), position); !reflect.DeepEqual(err, want) {
				t.Errorf("%d: got %#v, want %#v", want.Status, err, want)
			}
			if took := time.Since(start); took != defaultTimeout {
				t.Errorf("%d: took %s", want.Status, took)
			}
		})
	}
}

func TestCancelledRequestEndsAtOnce(t *testing.T) {
	for name, answer := range map[string]func(net.Conn){
		"before the answer": func(conn net.Conn) { io.ReadAll(conn) },
		"within the answer": func(conn net.Conn) { io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n{"); io.ReadAll(conn) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := pipeClient(t, 0, answer, nil)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(3*time.Second, cancel)
				start := time.Now()
				page, err := c.Events(ctx, position)
				if !errors.Is(err, context.Canceled) || !reflect.DeepEqual(page, Page{}) || time.Since(start) != 3*time.Second {
					t.Errorf("got %+v and %v after %s", page, err, time.Since(start))
				}
			})
		})
	}
}

// pipeClient asks a server at the other end of a pipe, so that time is synctest's.
func pipeClient(t *testing.T, timeout time.Duration, answer func(net.Conn), observe func(Exchange)) *Client {
	t.Helper()
	var served sync.WaitGroup
	transport := newTransport()
	transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		served.Go(func() {
			defer far.Close()
			if _, err := far.Read(make([]byte, 4096)); err == nil { // The request.
				answer(far)
			}
		})
		return near, nil
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		served.Wait()
	})
	return newClient(t, Options{URL: "http://127.0.0.1", Timeout: timeout, Transport: transport, Observe: observe})
}

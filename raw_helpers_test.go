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

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A rawServer stands in for Asana below HTTP: it may write bytes that are no HTTP answer.
type rawServer struct {
	url    string
	mode   atomic.Pointer[rawMode]
	events atomic.Int64 // How many deletions there were so far.
}

// A rawMode answers requests for events.
type rawMode struct {
	// write writes the answer; then the connection is closed.
	write rawAnswer
	// asked gets the time of the first request; it may be nil.
	asked chan time.Time
}

type rawAnswer func(w io.Writer, r *http.Request)

// newRawServer returns a server that answers well.
func newRawServer(t *testing.T) *rawServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s := &rawServer{url: "http://" + listener.Addr().String()}
	s.answerWell()
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				go s.serve(conn)
			}
		}
	}()
	return s
}

// answerWell ends what answer has begun.
func (s *rawServer) answerWell() { s.mode.Store(&rawMode{write: s.page}) }

// answer lets all requests be answered so, and waits for the first; it returns when that came.
func (s *rawServer) answer(t *testing.T, write rawAnswer) time.Time {
	t.Helper()
	mode := &rawMode{write: write, asked: make(chan time.Time, 1)}
	s.mode.Store(mode)
	select {
	case at := <-mode.asked:
		return at
	case <-time.After(patience):
		t.Fatal("nobody asks")
		return time.Time{}
	}
}

func (s *rawServer) serve(conn net.Conn) {
	defer conn.Close()
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	if !strings.HasSuffix(r.URL.Path, "/events") {
		writeJSON(conn, "200 OK", `{"data":{"name":"the workspace of `+bearer(r)+`"}}`)
		return
	}
	mode := s.mode.Load()
	select {
	case mode.asked <- time.Now():
	default:
	}
	mode.write(conn, r)
}

// page answers as Asana would. A sync token ends with the number of events before it.
func (s *rawServer) page(w io.Writer, r *http.Request) {
	events := s.events.Load()
	next := fmt.Sprintf("5a888cbba4065641bffe1b44dced2fcf:%d", events)
	_, number, _ := strings.Cut(r.URL.Query().Get("sync"), ":")
	seen, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		writeJSON(w, "412 Precondition Failed", `{"errors":[{"message":"Sync token invalid or too old."}],"sync":"`+next+`"}`)
		return
	}
	event := `{"action":"deleted","resource":{"gid":"1","resource_type":"task","resource_subtype":"default_task"}}`
	data := strings.TrimSuffix(strings.Repeat(event+",", int(max(0, events-seen))), ",")
	writeJSON(w, "200 OK", `{"data":[`+data+`],"sync":"`+next+`","has_more":false}`)
}

// writeJSON writes a whole answer.
func writeJSON(w io.Writer, status, body string) {
	_, _ = fmt.Fprintf(w, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", status, len(body), body)
}

// bearer returns the token that came with a request.
func bearer(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

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

package pages

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// session is the constant half of the tokens; the other half is the number of the page that comes next.
const session = "5d0c31a59d6b4e0f8a7be1c2f3940a6d"

const expired = `{"errors":[{"message":"Sync token invalid or too old."}],"sync":"` + session + `:0"}`

// Options describe the stream of a server; the zero value has no events.
type Options struct {
	// Events is the number of events in the stream.
	Events int
	// Delay is how long each answer is held back.
	Delay time.Duration
	// Rate is how many events a second become readable, counted from the first page asked for; zero is all at once.
	Rate float64
	// Gzip compresses the pages for clients that ask for it.
	Gzip bool
}

// Report says when a stream was read.
type Report struct {
	Events int       `json:"events"`
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
}

// Server is an http.Handler that answers for one workspace's events. Every client reads the same stream: the token
// carries the number of the page.
type Server struct {
	book    *Book
	last    page
	options Options
	done    chan struct{}

	mu     sync.Mutex
	report Report
	next   int
}

// NewServer returns a server of a stream that is made of the pages of book.
func NewServer(book *Book, o Options) (*Server, error) {
	last, err := book.part(o.Events % Size)
	if err != nil {
		return nil, err
	}
	return &Server{book: book, last: last, options: o, done: make(chan struct{})}, nil
}

// Wait returns at the request for the page after the last one: the client has then read and stored the last one.
func (s *Server) Wait(ctx context.Context) (Report, error) {
	select {
	case <-s.done:
	case <-ctx.Done():
		return Report{}, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.report, nil
}

// ServeHTTP answers GET /workspaces/{gid}/events and, for everything else, with the workspace itself.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if !strings.HasSuffix(r.URL.Path, "/events") {
		fmt.Fprint(w, `{"data":{"gid":"1","resource_type":"workspace","name":"Benchmark","is_organization":true}}`)
		return
	}
	n, ok := s.number(r.URL.Query().Get("sync"))
	if !ok {
		w.WriteHeader(http.StatusPreconditionFailed)
		fmt.Fprint(w, expired)
		return
	}
	if wait(r.Context(), s.due(n)) != nil {
		return
	}
	s.send(w, r, n)
	s.count(n)
}

// number returns the number of the page that the token asks for.
func (s *Server) number(token string) (int, bool) {
	digits, ok := strings.CutPrefix(token, session+":")
	n, err := strconv.Atoi(digits)
	return n, ok && err == nil && n >= 0 && n <= s.pages()
}

func (s *Server) pages() int {
	return (s.options.Events + Size - 1) / Size
}

// due returns how long page n is held back.
func (s *Server) due(n int) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.report.First.IsZero() {
		s.report.First = time.Now()
	}
	if s.options.Rate <= 0 || n == s.pages() {
		return s.options.Delay
	}
	ready := s.report.First.Add(time.Duration(float64(n*Size) / s.options.Rate * float64(time.Second)))
	return max(s.options.Delay, time.Until(ready))
}

// send writes page n, or what follows the last page: nothing, with the same token.
func (s *Server) send(w http.ResponseWriter, r *http.Request, n int) {
	if n == s.pages() {
		fmt.Fprintf(w, `{"data":[],"sync":"%s:%d","has_more":false}`, session, n)
		return
	}
	p := s.book.pages[n%len(s.book.pages)]
	if s.events(n) < Size {
		p = s.last
	}
	tail := fmt.Sprintf(`],"sync":"%s:%d","has_more":true}`, session, n+1)
	body := p.answer
	if s.options.Gzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		body = p.compressed
	}
	b := body(tail)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.Write(b)
}

// events returns the number of events on page n.
func (s *Server) events(n int) int {
	return min(Size, s.options.Events-n*Size)
}

// count notes that page n was sent; a page that was sent before counts once.
func (s *Server) count(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n != s.next {
		return
	}
	s.next++
	if n == s.pages() {
		s.report.Last = time.Now()
		close(s.done)
		return
	}
	s.report.Events += s.events(n)
}

// wait returns after d, or with an error as soon as ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

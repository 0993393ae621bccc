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
	"bytes"
	"errors"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/expfmt"
)

const (
	// answersInMemory is how many bytes of answers may wait for slow readers; one answer may always.
	answersInMemory = 8 << 20
	// readingGrace is how long an answer stays in memory at least, however many others want its room.
	readingGrace = 250 * time.Millisecond
)

// scrapes serves the metrics from memory. Requests that wait at the same time share one gathering and its encoded answer; when
// the answers pass answersInMemory, the readers of the oldest are cut off. No request gets counts from before its arrival.
type scrapes struct {
	encode http.Handler // Of promhttp; it writes to memory.
	cutOff func()       // Called once for each reader that was too slow.

	encoding sync.Mutex // One gathering at a time.
	mu       sync.Mutex // Guards the fields below, and those of answers.
	waiting  map[scrapeKind]*answer
	held     []*answer // The oldest first.
	size     int       // Of the latest answer, as an estimate of the next.
}

func newScrapes(encode http.Handler, cutOff func()) *scrapes {
	return &scrapes{encode: encode, cutOff: cutOff, waiting: map[scrapeKind]*answer{}}
}

// scrapeKind is the key under which requests share an answer. There are few kinds, so that varied headers don't cost a gathering each.
type scrapeKind struct {
	format expfmt.Format
	gzip   bool
}

// An answer is shared by the requests that waited for it. After done is closed, response and made stay as they are.
type answer struct {
	done     chan struct{}
	response memoryResponse
	made     time.Time

	readers  int                                   // How many wait for it or read it.
	reading  map[*http.ResponseController]struct{} // Those who read it.
	released chan struct{}                         // Closed when the last reader has gone.
	cut      bool
}

func (s *scrapes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind := scrapeKind{expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...), acceptsGzip(r)}
	a, first := s.join(kind)
	defer s.leave(a)
	if first {
		s.gather(a, kind, r)
	}
	select {
	case <-a.done:
	case <-r.Context().Done():
		return
	}
	reader := http.NewResponseController(w)
	if !s.startReading(a, reader) {
		http.Error(w, "too many slow readers; try again", http.StatusServiceUnavailable)
		return
	}
	if err := a.response.copyTo(w); errors.Is(err, os.ErrDeadlineExceeded) {
		s.cutOff()
	}
	s.stopReading(a, reader)
}

// join returns the answer for which requests of this kind wait. The first has to make it.
func (s *scrapes) join(kind scrapeKind) (a *answer, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a = s.waiting[kind]
	if first = a == nil; first {
		a = &answer{done: make(chan struct{}), released: make(chan struct{}), reading: map[*http.ResponseController]struct{}{}}
		s.waiting[kind] = a
	}
	a.readers++
	return a, first
}

// gather gathers and encodes the metrics for all that have joined until then.
func (s *scrapes) gather(a *answer, kind scrapeKind, r *http.Request) {
	s.encoding.Lock()
	defer s.encoding.Unlock()
	defer close(a.done)
	s.makeRoom()

	s.mu.Lock()
	delete(s.waiting, kind) // Later requests get newer counts.
	a.response.body.Grow(s.size + s.size/16)
	s.mu.Unlock()
	a.response.header = http.Header{}
	s.encode.ServeHTTP(&a.response, kind.request(r))
	a.response.header.Set("Content-Length", strconv.Itoa(a.response.body.Len()))

	s.mu.Lock()
	defer s.mu.Unlock()
	a.made = time.Now()
	s.size = a.response.body.Len()
	s.held = append(s.held, a)
}

// request returns r with nothing in it but the kind: the answer must suit all requests of the kind.
func (k scrapeKind) request(r *http.Request) *http.Request {
	r = r.Clone(r.Context())
	r.URL.RawQuery = ""
	r.Header = http.Header{"Accept": {string(k.format)}}
	if k.gzip {
		r.Header.Set("Accept-Encoding", "gzip")
	}
	return r
}

// makeRoom waits until one more answer fits into answersInMemory, and cuts off the readers of old ones.
func (s *scrapes) makeRoom() {
	for oldest := s.tooMuch(); oldest != nil; oldest = s.tooMuch() {
		select {
		case <-oldest.released:
		case <-time.After(time.Until(oldest.made.Add(readingGrace))):
			s.cut(oldest)
		}
	}
}

// tooMuch returns the oldest answer if there is no room beside those that are held, and nil otherwise.
func (s *scrapes) tooMuch() *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := s.size
	for _, a := range s.held {
		sum += a.response.body.Len()
	}
	if sum <= answersInMemory || len(s.held) == 0 {
		return nil
	}
	return s.held[0]
}

// cut ends the writing to all readers of an answer.
func (s *scrapes) cut(a *answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.cut = true
	for reader := range a.reading {
		_ = reader.SetWriteDeadline(time.Now()) // Its error says that the connection is closed.
	}
	s.drop(a)
}

// drop no longer counts the memory of an answer. The caller holds mu.
func (s *scrapes) drop(a *answer) {
	s.held = slices.DeleteFunc(s.held, func(b *answer) bool { return a == b })
}

// startReading reports whether reader may have the answer, and keeps it to be cut off.
func (s *scrapes) startReading(a *answer, reader *http.ResponseController) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !a.cut {
		a.reading[reader] = struct{}{}
	}
	return !a.cut
}

func (s *scrapes) stopReading(a *answer, reader *http.ResponseController) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(a.reading, reader)
}

// leave forgets an answer after its last reader.
func (s *scrapes) leave(a *answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.readers--; a.readers == 0 {
		close(a.released)
		s.drop(a)
	}
}

// memoryResponse is a http.ResponseWriter that keeps an answer.
type memoryResponse struct {
	header http.Header
	status int // 0 stands for 200.
	body   bytes.Buffer
}

func (m *memoryResponse) Header() http.Header         { return m.header }
func (m *memoryResponse) WriteHeader(status int)      { m.status = status }
func (m *memoryResponse) Write(p []byte) (int, error) { return m.body.Write(p) }

// copyTo writes the answer to w, all of it at once.
func (m *memoryResponse) copyTo(w http.ResponseWriter) error {
	maps.Copy(w.Header(), m.header)
	if m.status != 0 {
		w.WriteHeader(m.status)
	}
	if _, err := w.Write(m.body.Bytes()); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}

// acceptsGzip reports whether the request lists gzip with a weight above zero.
func acceptsGzip(r *http.Request) bool {
	for element := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(element, ";")
		_, weight, _ = strings.Cut(weight, "=")
		if q, err := strconv.ParseFloat(strings.TrimSpace(weight), 64); strings.TrimSpace(name) == "gzip" && (err != nil || q > 0) {
			return true
		}
	}
	return false
}

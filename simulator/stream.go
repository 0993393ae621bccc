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

package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// stream is the workspace's log of events with the tokens that point into it, and what a client can have read of it.
//
// Positions count events from the start of the simulator. A client is known by the tokens it comes back with: it
// must have kept what it read before a token that it uses. Hence "committed" is the position of the newest of these.
type stream struct {
	salt   string
	life   time.Duration
	strict bool

	log        []entry // What living tokens may still ask for.
	arena      []byte  // Holds the latest of them.
	base, head int64   // Positions of log[0] and of the next event.

	tokens []token
	first  int64 // Serial number of tokens[0].
	living bool  // Whether any token may still ask for events.
	swept  time.Time

	newest    int64 // Serial number of the newest token that came back; -1 before.
	committed int64 // Its position.

	ids                 map[Labels]int
	names               []Labels
	total, unread, lost counts          // Since the first token; unread: since the committed position.
	ahead               map[mark]counts // For tokens newer than the committed one: what lies between.
}

type entry struct {
	json  []byte
	label int
}

type token struct {
	pos    int64
	issued time.Time
	fresh  bool     // Handed out by a 412: it skips what came before.
	given  *results // What whoever asked with it was given.
}

// results are what a token gives: the events up to a position, and the token for what follows.
type results struct {
	end  int64
	next string
	more bool
}

type mark struct {
	pos   int64
	fresh bool
}

// counts are indexed by label.
type counts []int64

func newStream(o Options, start time.Time) *stream {
	return &stream{
		salt:   fmt.Sprintf("%d %d ", o.Seed, start.UnixNano()),
		life:   o.TokenLife,
		strict: o.StrictTokens,
		swept:  start,
		newest: -1,
		ids:    map[Labels]int{},
		ahead:  map[mark]counts{},
	}
}

// append puts an event at the end. It is not kept when no living token could ask for it.
func (s *stream) append(e *Event) {
	id := s.id(e.Labels())
	if len(s.tokens) > 0 {
		s.total[id]++
		s.unread[id]++
	}
	s.head++
	if !s.living {
		s.base = s.head
		return
	}
	if cap(s.arena)-len(s.arena) < 1024 {
		s.arena = make([]byte, 0, 64<<10) // One allocation for many events.
	}
	start := len(s.arena)
	s.arena = e.appendJSON(s.arena)
	s.log = append(s.log, entry{json: s.arena[start:], label: id})
}

// cameBack notes that a client uses sync: the client has kept all events before it.
func (s *stream) cameBack(sync string) {
	serial, t, ok := s.lookup(sync)
	if !ok || serial <= s.newest {
		return
	}
	between, known := s.ahead[mark{t.pos, t.fresh}]
	if !known { // A second client.
		between = s.span(s.committed, t.pos)
	}
	s.unread.add(between, -1)
	if known && t.fresh {
		s.lost.add(between, 1)
	}
	s.newest, s.committed = serial, t.pos
	clear(s.ahead)
}

// usable returns the position of sync, or false if all it is good for is a 412.
func (s *stream) usable(sync string, now time.Time) (int64, bool) {
	serial, t, ok := s.lookup(sync)
	if !ok || t.pos < s.base || now.Sub(t.issued) > s.life || s.strict && serial < s.newest {
		return 0, false
	}
	return t.pos, true
}

// read returns what a usable token gives. To ask again with it "will always return the same results".
func (s *stream) read(sync string, limit int, now time.Time) results {
	serial, t, _ := s.lookup(sync)
	if t.given != nil {
		return *t.given
	}
	a := results{end: min(t.pos+int64(limit), s.head)}
	a.more = a.end < s.head
	a.next = s.next(a.end, now)
	s.tokens[serial-s.first].given = &a
	return a
}

// next hands out a token for pos, to go with the events before it.
func (s *stream) next(pos int64, now time.Time) string {
	if m := (mark{pos: pos}); s.ahead[m] == nil {
		s.ahead[m] = s.span(s.committed, pos)
	}
	return s.issue(token{pos: pos, issued: now})
}

// fresh hands out a token for the end of the stream, to go with a 412. What was unread is lost to a client that
// comes back with it.
func (s *stream) fresh(now time.Time) string {
	if m := (mark{s.head, true}); s.ahead[m] == nil {
		s.ahead[m] = slices.Clone(s.unread)
	}
	return s.issue(token{pos: s.head, issued: now, fresh: true})
}

func (s *stream) issue(t token) string {
	serial := s.first + int64(len(s.tokens))
	if serial == 0 {
		s.committed = t.pos
	}
	s.tokens = append(s.tokens, t)
	s.living = true
	return s.name(serial)
}

// name returns a token as Asana writes it: 32 hexadecimal digits, a colon, a number.
func (s *stream) name(serial int64) string {
	sum := sha256.Sum256(strconv.AppendInt([]byte(s.salt), serial, 10))
	return hex.EncodeToString(sum[:16]) + ":" + strconv.FormatInt(serial, 10)
}

func (s *stream) lookup(sync string) (int64, token, bool) {
	_, number, _ := strings.Cut(sync, ":")
	serial, err := strconv.ParseInt(number, 10, 64)
	i := serial - s.first
	if err != nil || i < 0 || i >= int64(len(s.tokens)) || s.name(serial) != sync {
		return 0, token{}, false
	}
	return serial, s.tokens[i], true
}

// sweep now and then forgets dead tokens, and events that no living token can ask for. It keeps the latest token even if
// that is dead: a client that comes back with it had read up to there.
func (s *stream) sweep(now time.Time) {
	if now.Sub(s.swept) < s.life/16 {
		return
	}
	s.swept = now
	dead := func(t token) bool { return now.Sub(t.issued) > s.life }
	for len(s.tokens) > 1 && dead(s.tokens[0]) {
		s.tokens = s.tokens[1:]
		s.first++
	}
	floor := s.head
	s.living = false
	for _, t := range s.tokens {
		if !dead(t) {
			s.living = true
			floor = min(floor, t.pos)
		}
	}
	gone := max(floor-s.base, 0)
	clear(s.log[:gone])
	s.log = s.log[gone:]
	s.base += gone
}

// span counts the events from one position to another, negatively if it leads back. It needs them in the log.
func (s *stream) span(from, to int64) counts {
	n := make(counts, len(s.names))
	sign := int64(1)
	if to < from {
		from, to, sign = to, from, -1
	}
	if from < s.base {
		return n
	}
	for _, e := range s.log[from-s.base : to-s.base] {
		n[e.label] += sign
	}
	return n
}

// id returns the index of the labels in counts.
func (s *stream) id(l Labels) int {
	id, ok := s.ids[l]
	if !ok {
		id = len(s.names)
		s.ids[l] = id
		s.names = append(s.names, l)
		s.total, s.unread, s.lost = append(s.total, 0), append(s.unread, 0), append(s.lost, 0)
	}
	return id
}

// byLabels returns a - b without zeros; b may be nil.
func (s *stream) byLabels(a, b counts) map[Labels]uint64 {
	m := map[Labels]uint64{}
	a = slices.Clone(a)
	a.add(b, -1)
	for i, n := range a {
		m[s.names[i]] = uint64(max(n, 0))
	}
	maps.DeleteFunc(m, func(_ Labels, n uint64) bool { return n == 0 })
	return m
}

// add adds sign times b, which may be shorter.
func (c counts) add(b counts, sign int64) {
	for i, n := range b {
		c[i] += sign * n
	}
}

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

// Package simulator stands in for Asana: it serves the event stream of one workspace in which people are at work, shows the
// faults of a real service on demand, and keeps the counts that a correct client must reach.
//
// Start with [New]. A [Simulator] is an [http.Handler] and, for programs and tests that want no sockets, an
// [http.RoundTripper]. Compare a client with [Simulator.Truth]; inject faults with [Simulator.Inject].
//
// It is written from Asana's OpenAPI text and from recorded answers, and shares no code with the client, so that each
// checks the other. It serves the workspace, its events, its people and the deletions of its audit log: no task can be read, and
// nothing written.
package simulator

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// The pace of the demo, whose past is written elsewhere: six events a second at work, two in the deepest night.
const (
	DemoRate       = 6
	DemoNightShare = 0.35
)

// Options describe the workspace. The zero value gives a company of 200 that any bearer token may follow.
type Options struct {
	Workspace    string           // Gid; default "1200000000000001".
	Name         string           // Default "Example Company".
	Token        string           // The bearer token that is accepted; if empty, any is.
	Seed         uint64           // With the time at the start it determines every event.
	Users        int              // Size of the company, which sets the pace of its work; default 200.
	Rate         float64          // If positive, events a second while all are at work.
	NightShare   float64          // With Rate: the share of it that is left at night and at weekends; default 1, all of it.
	PageSize     int              // Events for one sync token; default 1000.
	TokenLife    time.Duration    // How long a sync token lives; default 24h. Memory grows with it.
	StrictTokens bool             // Refuse a sync token once a client has come back with a newer one.
	Now          func() time.Time // Default time.Now.
}

// Simulator is a workspace. Events come into being when somebody asks, up to the present moment; which ones these are
// does not depend on when that is. All methods may be called concurrently.
type Simulator struct {
	options Options
	people  []*Resource
	gzips   sync.Pool

	mu     sync.Mutex
	world  *world
	stream *stream
	audit  auditLog
	frozen bool
	dice   *rand.Rand // For what is no part of life: faults and incidents.

	faults      []Fault
	flaky       float64
	outageUntil time.Time
	outageHangs bool
}

var (
	_ http.Handler      = (*Simulator)(nil)
	_ http.RoundTripper = (*Simulator)(nil)
)

// New returns a workspace whose life begins now.
func New(o Options) *Simulator {
	o = o.withDefaults()
	start := o.Now().Round(0)
	world := newWorld(o, start)
	return &Simulator{
		options: o,
		people:  world.people,
		world:   world,
		stream:  newStream(o, start),
		dice:    rand.New(rand.NewPCG(o.Seed, 2)),
	}
}

func (o Options) withDefaults() Options {
	if o.Workspace == "" {
		o.Workspace = "1200000000000001"
	}
	if o.Name == "" {
		o.Name = "Example Company"
	}
	if o.Users <= 0 {
		o.Users = 200
	}
	if o.NightShare <= 0 {
		o.NightShare = 1
	}
	if o.PageSize <= 0 {
		o.PageSize = 1000
	}
	if o.TokenLife <= 0 {
		o.TokenLife = 24 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Add puts events at the end of the stream, as they are.
func (s *Simulator) Add(events ...Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.advance()
	for _, e := range events {
		if e.CreatedAt.IsZero() {
			e.CreatedAt = now
		}
		s.happen(&e, byAPI)
	}
}

// Incident lets one person delete n tasks, and a section with every 40 and a project with every 100 of them. The
// deletions enter the stream at once; by their dates they took 20 ms each and end now.
func (s *Simulator) Incident(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.advance()
	culprit := pick(s.dice, s.world.people)
	var types []string
	for i := 1; i <= n; i++ {
		types = append(types, "task")
		if i%40 == 0 {
			types = append(types, "section")
		}
		if i%100 == 0 {
			types = append(types, "project")
		}
	}
	for i, typ := range types {
		r := &Resource{GID: strconv.FormatInt(1390000000000000+s.dice.Int64N(1e12), 10), Type: typ, Name: fmt.Sprintf("Old %s %d", typ, i+1)}
		if typ == "task" {
			r.Subtype = taskSubtype(s.dice)
		}
		at := now.Add(-20 * time.Millisecond * time.Duration(len(types)-1-i))
		s.happen(&Event{Action: "deleted", Resource: r, User: culprit, CreatedAt: at}, byAPI)
	}
}

// Freeze stops life: no more events but those from Add and Incident.
func (s *Simulator) Freeze() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	s.frozen = true
}

// Thaw lets life go on after Freeze. Nothing happened in between, and what was under way is forgotten.
func (s *Simulator) Thaw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.frozen {
		s.world.skipTo(s.advance())
		s.frozen = false
	}
}

// Truth returns what a correct client must have counted that began with the first sync token handed out: every event
// up to now, less what is Lost and the SyncErrors. Events by hand count too. It is reckoned for one client: others may
// look on, but a 412 that is meant for one of them may count as its loss.
func (s *Simulator) Truth() map[Labels]uint64 {
	truth := s.read()
	maps.DeleteFunc(truth, func(l Labels, _ uint64) bool { return l.Action == syncError })
	return truth
}

// SyncErrors returns how many events with the action sync_error a correct client must have reported; see Truth.
func (s *Simulator) SyncErrors() (n uint64) {
	for labels, errors := range s.read() {
		if labels.Action == syncError {
			n += errors
		}
	}
	return n
}

// read returns the events that a correct client has read.
func (s *Simulator) read() map[Labels]uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	return s.stream.byLabels(s.stream.total, s.stream.lost)
}

// Lost returns the events that no correct client can have seen. An event is lost when a client comes back with the
// fresh sync token of a 412 (until then it may still use its old one), if it came between that token and the newest one
// that a client had come back with before.
func (s *Simulator) Lost() map[Labels]uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	return s.stream.byLabels(s.stream.lost, nil)
}

// advance lets life go on until now, which it returns.
func (s *Simulator) advance() time.Time {
	now := s.options.Now().Round(0) // Without the monotonic clock: dates go over the wire.
	s.stream.sweep(now)
	if !s.frozen {
		s.world.until(now, func(e *Event) { s.happen(e, byWeb) })
	}
	return now
}

// happen puts an event at the end of the stream and, if it belongs there, into the audit log.
func (s *Simulator) happen(e *Event, context string) {
	s.stream.append(e)
	s.audit.note(e, context)
}

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

package collector

import (
	"context"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/asana-exporter/asana_exporter/client"
)

// at returns a time so long after the one at which the clock of a synctest bubble starts.
func at(d time.Duration) time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(d) }

// since returns how long a synctest bubble has lasted.
func since() time.Duration { return time.Since(at(0)) }

// lax are limits that hold nothing back.
func lax() Limits { return Limits{MaxSeries: 5000, CatchUpAfter: time.Minute} }

// event returns an event of a known label set if action is deleted and of a new one if not.
func event(action, resource string, created time.Time) client.Event {
	return client.Event{Action: action, ResourceType: resource, CreatedAt: created}
}

// events returns n deletions of a task.
func events(n int, created time.Time) []client.Event {
	list := make([]client.Event, n)
	for i := range list {
		list[i] = event("deleted", "task", created)
	}
	return list
}

func deletedTask() Labels { return Labels{Action: "deleted", ResourceType: "task"} }

// latest returns the latest backlog; zero if there is none.
func latest(s State) Backlog {
	if len(s.Backlogs) == 0 {
		return Backlog{}
	}
	b := s.Backlogs[len(s.Backlogs)-1]
	return b
}

// counts returns the values of a State that are not zero.
func counts(s State) map[Labels]uint64 {
	values := map[Labels]uint64{}
	for _, series := range s.Series() {
		if series.Value > 0 {
			values[series.Labels] = series.Value
		}
	}
	return values
}

// visible returns the values that may be seen and are not zero.
func visible(s State) map[Labels]uint64 {
	values := map[Labels]uint64{}
	for _, series := range s.Series() {
		if series.Visible() > 0 {
			values[series.Labels] = series.Visible()
		}
	}
	return values
}

// shown returns the values that a scrape sees and are not zero.
func shown(view *View) map[Labels]uint64 {
	if !view.Exposed {
		return map[Labels]uint64{}
	}
	return visible(view.State)
}

// seriesOf returns the series of a label set, which must be there.
func seriesOf(t *testing.T, s State, labels Labels) Series {
	t.Helper()
	for _, series := range s.Series() {
		if series.Labels == labels {
			return series
		}
	}
	t.Fatalf("no series %+v", labels)
	return Series{}
}

// encoded returns all of a State that a restart keeps.
func encoded(t testing.TB, s State) string {
	t.Helper()
	var content strings.Builder
	if err := s.encode(&content); err != nil {
		t.Fatal(err)
	}
	return content.String()
}

func wantEqual[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %+v\nwant %+v", what, got, want)
	}
}

// A disk is a Saver that keeps every State in memory and fails by the number of the call, from 0.
type disk struct {
	fail  func(save int) error // May be nil.
	saves int
	saved []State
	at    []time.Duration // When each of saved was.
}

func (d *disk) Save(s State) error {
	d.saves++
	if d.fail != nil {
		if err := d.fail(d.saves - 1); err != nil {
			return err
		}
	}
	d.saved = append(d.saved, s)
	d.at = append(d.at, since())
	return nil
}

func (d *disk) last() State { return d.saved[len(d.saved)-1] }

// An asana is a Source that answers by the number of the call, from 0. It complains when it is asked with a token that
// was not durable.
type asana struct {
	t      *testing.T
	disk   *disk
	answer answer
	name   func(call int) (string, error) // May be nil.

	anyToken bool // Tokens need not be durable.

	asked   []question
	askedAt []time.Duration // The same without tokens.
	named   []time.Duration // When it was asked for the name.
}

type question struct {
	At    time.Duration
	Token string
}

func (a *asana) Events(_ context.Context, token string) (client.Page, error) {
	if durable := a.disk.last().Token; token != durable && !a.anyToken {
		a.t.Errorf("asked with token %q when %q was durable", token, durable)
	}
	a.asked = append(a.asked, question{since(), token})
	a.askedAt = append(a.askedAt, since())
	return a.answer(len(a.asked)-1, token)
}

func (a *asana) WorkspaceName(context.Context) (string, error) {
	a.named = append(a.named, since())
	if a.name == nil {
		return "Example", nil
	}
	return a.name(len(a.named) - 1)
}

// A rig is a Poller and its Collector between a fake Asana and a fake disk, in a synctest bubble.
type rig struct {
	*Poller
	t     *testing.T
	asana *asana
	disk  *disk

	registry *prometheus.Registry
}

// newRig returns a rig that goes on from state, with a token that nobody has asked with. Nothing of it is running.
func newRig(t *testing.T, state State, o Options, answer answer) *rig {
	t.Helper()
	r := &rig{t: t, disk: &disk{saved: []State{state}, at: []time.Duration{since()}}}
	r.asana = &asana{t: t, disk: r.disk, answer: answer}
	if o.MaxSeries == 0 {
		o.MaxSeries = 5000
	}
	r.registry = prometheus.NewPedanticRegistry()
	r.Poller = NewPoller(r.asana, r.disk, NewMetrics(r.registry, "1"), state, o)
	r.unanswered = false
	r.jitter = func() float64 { return 0.5 }
	r.registry.MustRegister(NewCollector(r.View, r.metrics, o.MaxSeries))
	return r
}

// run follows for so long, by the bubble's clock, and then stops the poller.
func (r *rig) run(d time.Duration) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), d)
	defer cancel()
	if err := r.Run(ctx); err != nil {
		r.t.Errorf("Run: %v", err)
	}
}

// start follows until the function that it returns is called.
func (r *rig) start() (stop func()) {
	ctx, cancel := context.WithCancel(r.t.Context())
	ended := make(chan error)
	go func() { ended <- r.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Errorf("Run: %v", err)
		}
	}
}

// following is the State of a process that is at the end of the stream, with token "0", and knows the workspace's name.
func following() State {
	state, _ := NewEpoch(at(0)).Expired("0", at(0), at(0), false, lax())
	state.Name = "Example"
	return state
}

// An answer is what a fake Asana says to a question, by the number of the call, from 0, or by the token.
type answer func(call int, token string) (client.Page, error)

// stream answers like Asana: token "0" gives the first page and token "1", and so on. At the end there is nothing new, and
// the token stays.
func stream(pages ...client.Page) answer {
	return func(_ int, token string) (client.Page, error) {
		n, err := strconv.Atoi(token)
		if err != nil || n >= len(pages) {
			return client.Page{Sync: token}, err
		}
		page := pages[n]
		page.Sync = strconv.Itoa(n + 1)
		return page, nil
	}
}

// except answers like normal, but with these errors to these calls.
func except(failures map[int]error, normal answer) answer {
	return func(call int, token string) (client.Page, error) {
		if err := failures[call]; err != nil {
			return client.Page{}, err
		}
		return normal(call, token)
	}
}

// quiet answers with nothing new to the first calls, and then like normal.
func quiet(calls int, normal answer) answer {
	return func(call int, token string) (client.Page, error) {
		if call < calls {
			return client.Page{Sync: token}, nil
		}
		return normal(call, token)
	}
}

// everySecond calls look after each second of the bubble's time until the function that it returns is called.
func everySecond(look func()) (stop func()) {
	end, ended := make(chan bool), make(chan bool)
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				return
			case <-time.After(time.Second):
				look()
			}
		}
	}()
	return func() { close(end); <-ended }
}

// expired is Asana's answer to an unknown token, with a fresh one.
func expired(fresh string) error { return &client.SyncExpiredError{Sync: fresh} }

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

package simulator_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// monday is a working day, at nine in the morning.
var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// clock is a time that tests set by hand.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time        { return c.now }
func (c *clock) sleep(d time.Duration) { c.now = c.now.Add(d) }
func newClock() *clock                 { return &clock{now: monday} }
func (c *clock) options() simulator.Options {
	return simulator.Options{Seed: 1, Users: 40, Now: c.Now}
}

// body is an answer as a client decodes it.
type body struct {
	Data []struct {
		Action   string
		Resource struct {
			Type    string `json:"resource_type"`
			Subtype string `json:"resource_subtype"`
		}
		Parent struct {
			Type string `json:"resource_type"`
		}
		Change struct{ Field string }
	}
	Sync    string
	HasMore bool `json:"has_more"`
}

// reader is a straightforward client of the event stream: it counts a page once it has read the whole of it.
type reader struct {
	t         *testing.T
	transport http.RoundTripper
	check     func(status int, body []byte) // Sees each answer.
	sync      string
	counted   map[simulator.Labels]uint64
	gaps      int

	syncErrors uint64
}

func newReader(t *testing.T, s http.RoundTripper) *reader {
	t.Helper()
	check := func(status int, body []byte) {
		t.Helper()
		if err := checkAnswer(status, body); err != nil {
			t.Errorf("status %d: %v", status, err)
		}
	}
	return &reader{t: t, transport: s, check: check, counted: map[simulator.Labels]uint64{}}
}

// poll asks once. It reports whether there is more to read.
func (r *reader) poll() (more bool, err error) {
	status, raw, err := get(r.transport, "/workspaces/1200000000000001/events?sync="+url.QueryEscape(r.sync))
	if err != nil {
		return false, err
	}
	b := body{}
	if err := json.Unmarshal(raw, &b); err != nil {
		return false, fmt.Errorf("status %d: %w", status, err)
	}
	r.check(status, raw)
	switch {
	case status == http.StatusPreconditionFailed && b.Sync != "":
		r.sync = b.Sync
		r.gaps++
		return false, nil
	case status != http.StatusOK:
		return false, fmt.Errorf("status %d", status)
	case b.Sync == r.sync:
		return false, nil
	}
	for _, e := range b.Data {
		if e.Action == "sync_error" {
			r.syncErrors++
			continue
		}
		r.counted[simulator.Labels{
			Action: e.Action, ResourceType: e.Resource.Type, ResourceSubtype: e.Resource.Subtype,
			ChangeField: e.Change.Field, ParentType: e.Parent.Type,
		}]++
	}
	r.sync = b.Sync
	return b.HasMore, nil
}

// catchUp polls until there is nothing more; it retries after failures.
func (r *reader) catchUp() {
	r.t.Helper()
	for failures := 0; failures < 50; {
		more, err := r.poll()
		switch {
		case err != nil:
			failures++
		case !more:
			return
		}
	}
	r.t.Fatal("no end in sight")
}

// get asks for a path with the token "secret".
func get(transport http.RoundTripper, path string) (status int, body []byte, err error) {
	req := httptest.NewRequest(http.MethodGet, "https://app.asana.com/api/1.0"+path, nil)
	req.Header.Set("Authorization", "Bearer secret")
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// compare reports where counts differ.
func compare(t *testing.T, got, want map[simulator.Labels]uint64) {
	t.Helper()
	for l, n := range want {
		if got[l] != n {
			t.Errorf("%+v: counted %d, want %d", l, got[l], n)
		}
	}
	for l, n := range got {
		if want[l] == 0 {
			t.Errorf("%+v: counted %d, want none", l, n)
		}
	}
}

func sum(counts map[simulator.Labels]uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}

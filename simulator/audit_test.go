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
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

const auditLog = "/workspaces/1200000000000001/audit_log_events"

// An audit is an answer of the audit log.
type audit struct {
	Data []struct {
		CreatedAt time.Time `json:"created_at"`
		Type      string    `json:"event_type"`
		Actor     struct{ GID, Name, Email string }
		Resource  struct{ GID string }
		Context   struct {
			Type string `json:"context_type"`
		}
	}
	NextPage *struct{ Offset, Path, URI string } `json:"next_page"`
}

func askAudit(t *testing.T, s *simulator.Simulator, path string) (a audit) {
	t.Helper()
	status, raw, err := get(s, path)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%s: status %d, %v: %s", path, status, err, raw)
	}
	if err := auditSchema.checkJSON(raw); err != nil {
		t.Errorf("%s: %v", path, err)
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// Whoever reads the event stream finds the same deletions in the audit log, by the same people, in the order of their dates.
func TestAuditLogHasTheDeletionsOfTheStream(t *testing.T) {
	c := newClock()
	o := c.options()
	o.Rate = 2
	s := simulator.New(o)
	r := newReader(t, s)
	want := map[string]bool{}
	r.check = func(_ int, raw []byte) {
		var page struct {
			Data []struct {
				Action, Type   string
				User, Resource struct{ GID string }
			}
		}
		if err := json.Unmarshal(raw, &page); err != nil {
			t.Error(err)
		}
		for _, e := range page.Data {
			if (e.Action == "deleted" || e.Action == "undeleted") && e.User.GID != "" {
				want[strings.Join([]string{e.Type + "_" + e.Action, e.Resource.GID, e.User.GID}, " ")] = true
			}
		}
	}
	r.catchUp()
	c.sleep(time.Hour)
	s.Incident(150)
	r.catchUp()
	got, last := map[string]bool{}, time.Time{}
	for _, e := range askAudit(t, s, auditLog).Data {
		got[strings.Join([]string{e.Type, e.Resource.GID, e.Actor.GID}, " ")] = true
		if e.CreatedAt.Before(last) {
			t.Errorf("%s comes after %s", e.CreatedAt, last)
		}
		last = e.CreatedAt
	}
	for line := range want {
		if !got[line] {
			t.Errorf("%q is not in the audit log", line)
		}
	}
	if len(want) < 200 {
		t.Errorf("only %d deletions", len(want))
	}
}

func TestAuditLogIsFiltered(t *testing.T) {
	c := newClock()
	s := simulator.New(c.options())
	s.Freeze()
	ada := &simulator.Resource{GID: "11", Type: "user", Name: "Ada"}
	add := func(gid, action, typ string, user *simulator.Resource) {
		s.Add(simulator.Event{Action: action, Resource: &simulator.Resource{GID: gid, Type: typ}, User: user})
		c.sleep(time.Minute)
	}
	add("1", "deleted", "task", ada)
	add("2", "deleted", "task", nil)
	add("3", "undeleted", "task", ada)
	add("4", "deleted", "project", ada)
	add("5", "changed", "task", ada)
	s.Add(simulator.SyncError())
	for query, want := range map[string]string{
		"":                                "[1 2 3 4]",
		"event_type=task_deleted":         "[1 2]",
		"start_at=2026-03-02T09:01:00Z":   "[2 3 4]",
		"end_at=2026-03-02T09:01:00Z":     "[1]",
		"actor_gid=11&limit=2":            "[1 3]",
		"event_type=tag_deleted":          "[]",
		"start_at=2026-03-02T10:00:00.5Z": "[]",
	} {
		a := askAudit(t, s, auditLog+"?"+query)
		var got []string
		for _, e := range a.Data {
			got = append(got, e.Resource.GID)
		}
		if fmt.Sprint(got) != want || (a.NextPage == nil) != (want == "[]") {
			t.Errorf("%q: got %v, next page %v, want %s", query, got, a.NextPage, want)
		}
	}
	first := askAudit(t, s, auditLog).Data
	if e := first[0]; e.Actor.Name != "Ada" || e.Actor.Email != "11@example.com" || e.Context.Type != "api" {
		t.Errorf("got %+v", e)
	}
	if e := first[1]; e.Actor.GID != "" || e.Context.Type != "asana" {
		t.Errorf("of the system: got %+v", e)
	}
}

// The audit log has an offset to go on with even at its end, where it answers without data.
func TestAuditLogComesInPages(t *testing.T) {
	c := newClock()
	s := simulator.New(c.options())
	s.Freeze()
	s.Incident(500)
	path := auditLog + "?event_type=task_deleted&limit=100"
	var sizes []int
	seen := map[string]bool{}
	for range 7 {
		a := askAudit(t, s, path)
		for _, e := range a.Data {
			seen[e.Resource.GID] = true
		}
		sizes = append(sizes, len(a.Data))
		if uri, err := url.Parse(a.NextPage.URI); err != nil || uri.Path != "/api/1.0"+auditLog || uri.Query().Get("offset") != a.NextPage.Offset {
			t.Errorf("uri %s, %v", a.NextPage.URI, err)
		}
		if len(sizes) == 6 { // The end, which is none for long.
			s.Incident(1)
		}
		path = a.NextPage.Path
	}
	if want := []int{100, 100, 100, 100, 100, 0, 1}; !slices.Equal(sizes, want) || len(seen) != 501 {
		t.Errorf("pages of %v with %d tasks, want %v", sizes, len(seen), want)
	}
}

func TestAuditLogIsBounded(t *testing.T) {
	s := simulator.New(newClock().options())
	s.Freeze()
	s.Incident(30_000)
	s.Incident(1)
	n, path := 0, auditLog
	for {
		a := askAudit(t, s, path)
		if len(a.Data) == 0 {
			break
		}
		n += len(a.Data)
		path = a.NextPage.Path
	}
	if n < 10_000 || n > 20_000 {
		t.Errorf("%d lines", n)
	}
}

// The gid of a culprit leads to a name, which is the same in the audit log and after a restart.
func TestPeopleHaveNames(t *testing.T) {
	options := newClock().options()
	s := simulator.New(options)
	s.Incident(1)
	culprit := askAudit(t, s, auditLog).Data[0].Actor
	for _, s := range []*simulator.Simulator{s, simulator.New(options)} {
		status, raw, err := get(s, "/users/"+culprit.GID)
		if err != nil || status != http.StatusOK {
			t.Fatalf("status %d, %v", status, err)
		}
		if err := userSchema.checkJSON(raw); err != nil {
			t.Error(err)
		}
		var got struct {
			Data struct{ GID, Name, Email string }
		}
		if err := json.Unmarshal(raw, &got); err != nil || got.Data != culprit || got.Data.Name == "" {
			t.Errorf("got %s, %v, want %v", raw, err, culprit)
		}
	}
}

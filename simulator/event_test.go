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
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

func TestEventOnTheWire(t *testing.T) {
	task := &simulator.Resource{GID: "1", Type: "task", Subtype: "default_task", Name: "a \"b\" \x00\u2028é<"}
	user := &simulator.Resource{GID: "2", Type: "user"}
	for _, test := range []struct {
		name  string
		event simulator.Event
		want  string
	}{
		{
			"system event",
			simulator.Event{Action: "deleted", Resource: task, CreatedAt: monday},
			`{"action":"deleted","created_at":"2026-03-02T09:00:00.000Z","parent":null,"resource":{"gid":"1","name":"a \"b\" \u0000\u2028é\u003c",` +
				`"resource_subtype":"default_task","resource_type":"task"},"type":"task","user":null}`,
		},
		{
			"a value",
			simulator.Event{
				Action: "changed", Resource: user, CreatedAt: monday, Absent: []string{"user", "type", "parent"},
				Change: &simulator.Change{Field: "followers", Action: "added", AddedValue: user},
			},
			`{"action":"changed","change":{"action":"added","added_value":{"gid":"2","resource_type":"user"},"field":"followers"},` +
				`"created_at":"2026-03-02T09:00:00.000Z","resource":{"gid":"2","resource_type":"user"}}`,
		},
		{
			"odd kinds of values",
			simulator.Event{Action: "deleted", Absent: []string{"created_at", "user", "resource"}, Extra: map[string]any{"created_at": "soon", "resource": 7, "new": []int{1}}},
			`{"action":"deleted","created_at":"soon","new":[1],"parent":null,"resource":7}`,
		},
		{
			"events that Asana lost",
			simulator.SyncError(),
			`{"action":"sync_error","message":"There was an error with the event queue, which may have resulted in missed events."}`,
		},
		{
			"nothing",
			simulator.Event{Absent: []string{"action", "resource", "user", "parent", "created_at"}},
			`{}`,
		},
	} {
		raw, err := json.Marshal(test.event)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var got, want any
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Errorf("%s: %v in %s", test.name, err, raw)
		}
		if err := json.Unmarshal([]byte(test.want), &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", test.name, got, want)
		}
	}
}

// The events of a workday contain every feature of the format.
func TestWorkspaceProducesManyKindsOfEvents(t *testing.T) {
	c := newClock()
	s := simulator.New(c.options())
	r := newReader(t, s)
	r.catchUp()
	seen := map[string]bool{}
	r.check = func(_ int, raw []byte) {
		for _, feature := range []string{
			`"user":null`, `"parent":null`, `"new_value":{`, `"added_value":{`, `"removed_value":{`, `"enum_value":{`,
			`"resource_subtype":"automatic_cover_image"`, `"gid":"9`, `✅`, `"action":"undeleted"`, `"field":"archived"`,
		} {
			seen[feature] = seen[feature] || strings.Contains(string(raw), feature)
		}
		look(t, raw, seen)
	}
	for range 10 {
		c.now = c.now.Add(100 * time.Minute)
		r.catchUp()
	}
	for feature, ok := range seen {
		if !ok {
			t.Errorf("never seen: %s", feature)
		}
	}
	for _, feature := range []string{"no user", "no parent", "disordered", "late", "creation is two events", "section before project", "completion is two events and a story"} {
		if !seen[feature] {
			t.Errorf("never seen: %s", feature)
		}
	}
}

// look notes what is peculiar to these events as a sequence.
func look(t *testing.T, raw []byte, seen map[string]bool) {
	t.Helper()
	var page struct {
		Data []struct {
			Action    string
			CreatedAt time.Time `json:"created_at"`
			Resource  simulator.Resource
			Parent    *simulator.Resource
			Change    simulator.Change
		}
	}
	if err := json.Unmarshal(raw, &page); err != nil {
		t.Fatal(err)
	}
	seen["no user"] = seen["no user"] || strings.Count(string(raw), `"user":`) < len(page.Data)
	seen["no parent"] = seen["no parent"] || strings.Count(string(raw), `"parent":`) < len(page.Data)
	var newest time.Time
	at := map[string]time.Time{} // By what happened to which task.
	for _, e := range page.Data {
		seen["disordered"] = seen["disordered"] || e.CreatedAt.Before(newest)
		seen["late"] = seen["late"] || newest.Sub(e.CreatedAt) > time.Minute
		if e.CreatedAt.After(newest) {
			newest = e.CreatedAt
		}
		gid := e.Resource.GID
		at[gid+e.Change.Field] = e.CreatedAt
		if e.Action != "added" || e.Parent == nil {
			continue
		}
		at[gid+"added to "+e.Parent.Type] = e.CreatedAt
		if e.Parent.Type == "project" && e.CreatedAt.Before(at[gid+"added to section"]) {
			seen["section before project"] = true
		}
		after := e.CreatedAt.Sub(at[gid+"added to project"])
		if e.Parent.Type == "section" && after > 120*time.Millisecond && after < 160*time.Millisecond {
			seen["creation is two events"] = true
		}
		done := at[e.Parent.GID+"completed"]
		if e.Resource.Subtype == "marked_complete" && e.CreatedAt.Sub(done) < time.Second && done.Equal(at[e.Parent.GID+"completed_at"]) {
			seen["completion is two events and a story"] = true
		}
	}
}

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
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Event is one event as Asana puts it on the wire. Nil pointers become null; what Absent names is left out.
// See https://developers.asana.com/reference/events.
type Event struct {
	Action   string    `json:"action"`
	Resource *Resource `json:"resource"`
	User     *Resource `json:"user"`   // Null for events made by the system.
	Parent   *Resource `json:"parent"` // Where the resource was added to or removed from.
	Change   *Change   `json:"change"` // Left out when nil.

	// CreatedAt is when it happened; zero means the moment at which the event enters the stream.
	CreatedAt time.Time `json:"created_at"`
	// Absent names keys that are left out altogether, such as "user" or "created_at".
	Absent []string `json:"absent"`
	// Extra holds further keys. With Absent it can replace a documented key by a value of another kind.
	Extra map[string]any `json:"extra"`
}

// syncError is the action by which Asana says that it lost events.
const syncError = "sync_error"

// SyncError returns the event by which Asana says that it lost events. Users of its webhooks and event streams have
// reported it; a client reports it as a gap and counts no event.
func SyncError() Event {
	return Event{
		Action: syncError,
		Absent: []string{"user", "created_at", "resource", "parent"},
		Extra:  map[string]any{"message": "There was an error with the event queue, which may have resulted in missed events."},
	}
}

// Resource is an Asana object in its compact form; empty fields but GID and Type are left out.
type Resource struct {
	GID       string    `json:"gid"`
	Type      string    `json:"resource_type"`
	Subtype   string    `json:"resource_subtype"`
	Name      string    `json:"name"`
	EnumValue *Resource `json:"enum_value"` // The option that was chosen in a custom field.
}

// Change says which field changed and how. Values are there only when they are Asana objects.
type Change struct {
	Field        string    `json:"field"`
	Action       string    `json:"action"` // One of changed, added, removed.
	NewValue     *Resource `json:"new_value"`
	AddedValue   *Resource `json:"added_value"`
	RemovedValue *Resource `json:"removed_value"`
}

// Labels are what a correct client counts an event by, beside the workspace. What does not apply is empty.
type Labels struct {
	Action          string `json:"action"`
	ResourceType    string `json:"resource_type"`
	ResourceSubtype string `json:"resource_subtype"`
	ChangeField     string `json:"change_field"`
	ParentType      string `json:"parent_type"`
}

// Labels returns the labels by which the event has to be counted.
func (e Event) Labels() Labels {
	l := Labels{}
	if e.has("action") {
		l.Action = e.Action
	}
	if e.Resource != nil && e.has("resource") {
		l.ResourceType, l.ResourceSubtype = e.Resource.Type, e.Resource.Subtype
	}
	if e.Change != nil && e.has("change") {
		l.ChangeField = e.Change.Field
	}
	if e.Parent != nil && e.has("parent") {
		l.ParentType = e.Parent.Type
	}
	return l
}

// MarshalJSON returns the event as it goes over the wire.
func (e Event) MarshalJSON() ([]byte, error) {
	return e.appendJSON(nil), nil
}

// has reports whether key is not among those to be left out.
func (e *Event) has(key string) bool {
	return len(e.Absent) == 0 || !slices.Contains(e.Absent, key)
}

// appendJSON appends the event to b. The order of the keys varies, as it was seen to do in Asana's own.
func (e *Event) appendJSON(b []byte) []byte {
	b = append(b, '{')
	b = e.appendResource(b, "user", e.User)
	if e.has("created_at") {
		b = append(b, `"created_at":"`...)
		b = e.CreatedAt.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
		b = append(b, `",`...)
	}
	changeFirst := e.CreatedAt.Nanosecond()/1e6%2 == 1
	if changeFirst {
		b = e.appendChange(b)
	}
	if e.has("action") {
		b = appendMember(b, "action", e.Action)
	}
	if e.Resource != nil && e.has("type") {
		b = appendMember(b, "type", e.Resource.Type)
	}
	b = e.appendResource(b, "resource", e.Resource)
	b = e.appendResource(b, "parent", e.Parent)
	if !changeFirst {
		b = e.appendChange(b)
	}
	b = e.appendExtra(b)
	return closeObject(b)
}

func (e *Event) appendResource(b []byte, key string, r *Resource) []byte {
	if !e.has(key) {
		return b
	}
	return r.appendTo(b, key)
}

func (e *Event) appendChange(b []byte) []byte {
	if e.Change == nil || !e.has("change") {
		return b
	}
	b = append(b, `"change":{`...)
	b = appendMember(b, "field", e.Change.Field)
	b = appendMember(b, "action", e.Change.Action)
	if e.Change.NewValue != nil {
		b = e.Change.NewValue.appendTo(b, "new_value")
	}
	if e.Change.AddedValue != nil {
		b = e.Change.AddedValue.appendTo(b, "added_value")
	}
	if e.Change.RemovedValue != nil {
		b = e.Change.RemovedValue.appendTo(b, "removed_value")
	}
	return append(closeObject(b), ',')
}

// appendExtra appends the further keys in a stable order; values that are no JSON become null.
func (e *Event) appendExtra(b []byte) []byte {
	for _, key := range slices.Sorted(maps.Keys(e.Extra)) {
		value, err := json.Marshal(e.Extra[key])
		if err != nil {
			value = []byte("null")
		}
		b = append(appendString(b, key), ':')
		b = append(append(b, value...), ',')
	}
	return b
}

// appendTo appends r as the member key of an object, with a comma.
func (r *Resource) appendTo(b []byte, key string) []byte {
	b = append(b, '"')
	b = append(b, key...)
	if r == nil {
		return append(b, `":null,`...)
	}
	b = append(b, `":{`...)
	b = appendMember(b, "gid", r.GID)
	b = appendMember(b, "resource_type", r.Type)
	if r.Subtype != "" {
		b = appendMember(b, "resource_subtype", r.Subtype)
	}
	if r.Name != "" {
		b = appendMember(b, "name", r.Name)
	}
	if r.EnumValue != nil {
		b = r.EnumValue.appendTo(b, "enum_value")
	}
	return append(closeObject(b), ',')
}

// appendMember appends "key":"value" and a comma.
func appendMember(b []byte, key, value string) []byte {
	b = append(b, '"')
	b = append(b, key...)
	b = append(b, `":`...)
	return append(appendString(b, value), ',')
}

// appendString appends s as a JSON string. Most strings need no escape.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c > '~' {
			return append(b, mustJSON(s)...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// closeObject ends an object whose members were each followed by a comma.
func closeObject(b []byte) []byte {
	if b[len(b)-1] == ',' {
		b[len(b)-1] = '}'
		return b
	}
	return append(b, '}')
}

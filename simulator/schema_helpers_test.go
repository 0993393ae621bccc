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
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"
)

// schema describes a JSON value. It is as strict as Asana's OpenAPI text lets it be, and allows no keys but those
// documented or recorded.
type schema struct {
	kind     string            // One of object, array, string, boolean, null.
	keys     map[string]schema // Of an object.
	required []string
	items    *schema // Of an array.
	nullable bool    // The text has no "nullable", but says in prose where null stands.
	pattern  *regexp.Regexp
	values   []string // Of a string.
	date     bool
}

func (s schema) orNull() schema {
	s.nullable = true
	return s
}

func list(of schema) schema { return schema{kind: "array", items: &of} }

func object(keys map[string]schema, required ...string) schema {
	return schema{kind: "object", keys: keys, required: required}
}

var (
	text      = schema{kind: "string"}
	gid       = schema{kind: "string", pattern: regexp.MustCompile(`^[1-9]\d{0,18}$`)}
	date      = schema{kind: "string", date: true, pattern: regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)}
	syncToken = schema{kind: "string", pattern: regexp.MustCompile(`^[0-9a-f]{32}:\d+$`)}
	boolean   = schema{kind: "boolean"}
	resource  = object(map[string]schema{
		"gid": gid, "resource_type": text, "resource_subtype": text, "name": text,
	}, "gid", "resource_type")
	value = object(map[string]schema{
		"gid": gid, "resource_type": text, "resource_subtype": text, "name": text, "enum_value": resource,
	}, "gid", "resource_type")
	change = object(map[string]schema{
		"field": text, "action": {kind: "string", values: []string{"changed", "added", "removed"}},
		"new_value": value, "added_value": value, "removed_value": value,
	}, "field", "action")
	event = object(map[string]schema{
		"user": resource.orNull(), "resource": resource, "type": text, "parent": resource.orNull(),
		"action":     {kind: "string", values: []string{"changed", "added", "removed", "deleted", "undeleted"}},
		"created_at": date, "change": change,
	}, "resource", "action", "created_at", "type")
	page            = object(map[string]schema{"data": list(event), "sync": syncToken, "has_more": boolean}, "data", "sync", "has_more")
	apiErr          = object(map[string]schema{"message": text, "help": text, "phrase": text}, "message")
	refusal         = object(map[string]schema{"errors": list(apiErr)}, "errors")
	expired         = object(map[string]schema{"errors": list(apiErr), "sync": syncToken}, "errors")
	workspaceSchema = object(map[string]schema{"data": object(map[string]schema{
		"gid": gid, "resource_type": {kind: "string", values: []string{"workspace"}}, "name": text,
		"email_domains": list(text), "is_organization": boolean,
	}, "gid", "resource_type", "name", "email_domains", "is_organization")}, "data")
	userSchema = object(map[string]schema{"data": object(map[string]schema{
		"gid": gid, "resource_type": {kind: "string", values: []string{"user"}}, "name": text, "email": text,
		"photo": object(nil).orNull(), "workspaces": list(resource),
	}, "gid", "resource_type", "name", "email", "workspaces")}, "data")
	auditEvent = object(map[string]schema{
		"gid": gid, "created_at": date, "event_type": text, "event_category": {kind: "string", values: []string{"deletion"}},
		"actor": object(map[string]schema{
			"actor_type": {kind: "string", values: []string{"user", "asana"}}, "gid": gid, "name": text, "email": text,
		}, "actor_type"),
		"resource": resource, "details": object(nil),
		"context": object(map[string]schema{"context_type": {kind: "string", values: []string{"web", "asana", "api"}}}, "context_type"),
	}, "gid", "created_at", "event_type", "event_category", "actor", "resource", "context")
	auditSchema = object(map[string]schema{
		"data": list(auditEvent), "next_page": object(map[string]schema{"offset": text, "path": text, "uri": text}, "offset", "path", "uri").orNull(),
	}, "data", "next_page")
)

// checkAnswer returns an error if an answer on the path of events does not have the documented shape.
func checkAnswer(status int, body []byte) error {
	want := refusal
	switch status {
	case http.StatusOK, http.StatusNonAuthoritativeInfo:
		want = page
	case http.StatusPreconditionFailed:
		want = expired
	}
	if err := want.checkJSON(body); err != nil || status >= 300 {
		return err
	}
	return checkActions(body)
}

// checkActions checks what the schema says in prose: a parent goes with added and removed, a change with changed.
func checkActions(body []byte) error {
	var page struct{ Data []map[string]any }
	if err := json.Unmarshal(body, &page); err != nil {
		return err
	}
	for _, e := range page.Data {
		action, resource := e["action"], e["resource"].(map[string]any)
		hasParent := e["parent"] != nil
		_, hasChange := e["change"]
		moves := action == "added" || action == "removed"
		switch {
		case hasParent != moves, hasChange != (action == "changed"), e["type"] != resource["resource_type"]:
			return fmt.Errorf("event does not fit together: %v", e)
		case action == "deleted" && resource["resource_type"] == "story":
			return fmt.Errorf("a story is deleted: %v", e)
		}
	}
	return nil
}

func (s schema) checkJSON(body []byte) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return err
	}
	if d.More() {
		return fmt.Errorf("something after the answer")
	}
	return s.check(v, "answer")
}

func (s schema) check(v any, at string) error {
	if v == nil && s.nullable {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		return s.checkObject(v, at)
	case []any:
		return s.checkArray(v, at)
	case string:
		return s.checkString(v, at)
	case bool:
		return s.mustBe("boolean", at)
	default:
		return fmt.Errorf("%s: unexpected %v", at, v)
	}
}

func (s schema) mustBe(kind, at string) error {
	if s.kind != kind {
		return fmt.Errorf("%s: %s instead of %s", at, kind, s.kind)
	}
	return nil
}

func (s schema) checkObject(v map[string]any, at string) error {
	if err := s.mustBe("object", at); err != nil {
		return err
	}
	for _, key := range s.required {
		if _, ok := v[key]; !ok {
			return fmt.Errorf("%s: %s is missing", at, key)
		}
	}
	for key, member := range v {
		want, ok := s.keys[key]
		if !ok {
			return fmt.Errorf("%s: %s is not documented", at, key)
		}
		if err := want.check(member, at+"."+key); err != nil {
			return err
		}
	}
	return nil
}

func (s schema) checkArray(v []any, at string) error {
	if err := s.mustBe("array", at); err != nil {
		return err
	}
	for i, item := range v {
		if err := s.items.check(item, fmt.Sprintf("%s[%d]", at, i)); err != nil {
			return err
		}
	}
	return nil
}

func (s schema) checkString(v, at string) error {
	if err := s.mustBe("string", at); err != nil {
		return err
	}
	if s.pattern != nil && !s.pattern.MatchString(v) {
		return fmt.Errorf("%s: %q does not match %s", at, v, s.pattern)
	}
	if s.values != nil && !slices.Contains(s.values, v) {
		return fmt.Errorf("%s: %q is none of %q", at, v, s.values)
	}
	if _, err := time.Parse(time.RFC3339, v); s.date && err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	return nil
}

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

package client

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// realisticPage writes a full page as Asana sends it, always the same: people who work, 466 bytes an event.
func realisticPage(tb testing.TB) []byte {
	tb.Helper()
	const events = 1000
	w := &writer{random: rand.New(rand.NewPCG(1, 2)), at: time.Date(2026, 3, 17, 10, 0, 0, 0, time.UTC)}
	w.WriteString(`{"data":[`)
	for i := range events {
		if i > 0 {
			w.WriteByte(',')
		}
		w.event()
	}
	w.WriteString(`],"sync":"0123456789abcdef0123456789abcdef:1","has_more":true}`)
	if average := w.Len() / events; average < 460 || average > 470 {
		tb.Fatalf("%d bytes an event are not realistic", average)
	}
	return w.Bytes()
}

// A writer writes events; its keys come in the order of recorded ones, which is not always the same.
type writer struct {
	bytes.Buffer
	random *rand.Rand
	at     time.Time
}

func (w *writer) event() {
	w.at = w.at.Add(time.Duration(w.random.IntN(300)) * time.Millisecond)
	created := w.at.Format("2006-01-02T15:04:05.000Z")
	switch n := w.random.IntN(100); {
	case n < 35:
		field := w.one("name", "notes", "assignee", "completed", "completed_at", "due_on", "followers")
		fmt.Fprintf(w, `{"user":%s,"created_at":%q,"type":"task","action":"changed","parent":null,"change":{"field":%q,"action":"changed"},"resource":%s}`,
			w.user(), created, field, w.object("task", w.one("default_task", "default_task", "milestone", "approval"), 18))
	case n < 55:
		fmt.Fprintf(w, `{"user":%s,"created_at":%q,"type":"task","action":"changed","resource":%s,"parent":null,"change":{"field":"custom_fields","action":"changed","new_value":{"gid":%q,"resource_type":"custom_field","resource_subtype":"enum","enum_value":{"gid":%q,"resource_type":"enum_option"}}}}`,
			w.user(), created, w.object("task", "default_task", 8), w.gid(), w.gid())
	case n < 70:
		fmt.Fprintf(w, `{"user":%s,"action":"added","type":"task","parent":%s,"resource":%s,"created_at":%q}`,
			w.user(), w.object(w.one("project", "section"), "", 7), w.object("task", "default_task", 13), created)
	case n < 95:
		fmt.Fprintf(w, `{"user":%s,"action":"added","type":"story","parent":%s,"resource":%s,"created_at":%q,"change":null}`,
			w.user(), w.object("task", "default_task", 11), w.object("story", w.one("comment_added", "section_changed", "marked_complete", "assigned"), 11), created)
	default: // By the system.
		fmt.Fprintf(w, `{"user":null,"action":"deleted","type":"task","parent":null,"resource":%s,"created_at":%q}`,
			w.object("task", "default_task", 20), created)
	}
}

// user writes one of the 300 people who work.
func (w *writer) user() string {
	gid := fmt.Sprintf("12%014d", 1e13+uint64(w.random.IntN(300))*7919)
	return fmt.Sprintf(`{"gid":%q,"resource_type":"user","name":"%s %s %s"}`, gid, w.name(), w.name(), w.name())
}

// object writes an object of Asana's with a name of some words.
func (w *writer) object(kind, subtype string, words int) string {
	if subtype != "" {
		subtype = fmt.Sprintf(`,"resource_subtype":%q`, subtype)
	}
	var name []string
	for range words {
		name = append(name, w.name())
	}
	return fmt.Sprintf(`{"gid":%q,"resource_type":%q%s,"name":%q}`, w.gid(), kind, subtype, strings.Join(name, " "))
}

func (w *writer) name() string {
	return w.one("plan", "review", "rollout", "budget", "Müller", "fix", "quarter", "draft", "the", "of")
}

func (w *writer) gid() string { return fmt.Sprintf("12%014d", w.random.Int64N(1e14)) }

func (w *writer) one(of ...string) string { return of[w.random.IntN(len(of))] }

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

package pages

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// event is one event as Asana writes it, see https://developers.asana.com/reference/events.
type event struct {
	User      *object `json:"user"`
	CreatedAt string  `json:"created_at"`
	Type      string  `json:"type"`
	Action    string  `json:"action"`
	Resource  object  `json:"resource"`
	Parent    *object `json:"parent"`
	Change    *change `json:"change,omitempty"`
}

type object struct {
	GID     string `json:"gid"`
	Type    string `json:"resource_type"`
	Subtype string `json:"resource_subtype,omitempty"`
	Name    string `json:"name,omitempty"`
}

type change struct {
	Field   string  `json:"field"`
	Action  string  `json:"action"`
	New     *object `json:"new_value,omitempty"`
	Added   *object `json:"added_value,omitempty"`
	Removed *object `json:"removed_value,omitempty"`
}

// writer makes up events; the same seed gives the same ones.
type writer struct {
	random *rand.Rand
	shapes []shape
	words  []string
	people []object
	total  int
}

func newWriter(seed uint64) *writer {
	w := &writer{random: rand.New(rand.NewPCG(seed, seed)), shapes: shapes(), words: strings.Fields(vocabulary)}
	for _, s := range w.shapes {
		w.total += s.weight
	}
	for range atWork {
		w.people = append(w.people, object{GID: w.gid(), Type: "user", Name: w.name(2, 2)})
	}
	return w
}

// event returns an event of a random shape, and what it counts under.
func (w *writer) event(at time.Time) (event, Labels) {
	s := w.shape()
	l := s.labels
	e := event{
		User:      w.user(),
		CreatedAt: at.UTC().Format("2006-01-02T15:04:05.000Z"),
		Type:      l[1],
		Action:    l[0],
		Resource:  object{w.gid(), l[1], l[2], w.name(9, 17)},
	}
	if l[4] != "" {
		e.Parent = &object{GID: w.gid(), Type: l[4], Name: w.name(5, 9)}
	}
	if l[3] != "" {
		e.Change = w.change(l[3], s.value)
	}
	return e, l
}

func (w *writer) shape() shape {
	at := w.random.IntN(w.total)
	for _, s := range w.shapes {
		if at -= s.weight; at < 0 {
			return s
		}
	}
	return w.shapes[0]
}

// atWork is how many people cause the events of a book: the same ones again and again, as in a company.
const atWork = 300

// user returns null for one event in twenty: events by a rule of Asana have no user.
func (w *writer) user() *object {
	if w.random.IntN(20) == 0 {
		return nil
	}
	return &w.people[w.random.IntN(len(w.people))]
}

// change returns the change of a field. Lists like followers gain or lose a member, other fields get a new value.
func (w *writer) change(field, value string) *change {
	c := &change{Field: field, Action: "changed"}
	if value == "" {
		return c
	}
	v := &object{GID: w.gid(), Type: value}
	switch {
	case field != "followers" && field != "members" && field != "dependencies":
		c.New = v
	case w.random.IntN(4) == 0:
		c.Action, c.Removed = "removed", v
	default:
		c.Action, c.Added = "added", v
	}
	return c
}

func (w *writer) gid() string {
	return strconv.FormatInt(1_200_000_000_000_000+w.random.Int64N(99_999_999_999_999), 10)
}

// name returns between least and most words, now and then with a character that JSON escapes or that takes two bytes.
func (w *writer) name(least, most int) string {
	var b strings.Builder
	for i := range least + w.random.IntN(most-least+1) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.words[w.random.IntN(len(w.words))])
	}
	if w.random.IntN(20) == 0 {
		b.WriteString(` "v2" – Zürich`)
	}
	return b.String()
}

const vocabulary = `Account Agenda Annual Approve Audit Backlog Budget Campaign Checklist Client Contract Copy Customer
	Deck Design Draft Email Estimate Feedback Final Follow-up Forecast Handover Hiring Incident Interview Invoice Kickoff
	Landing Launch Legal Marketing Meeting Migration Newsletter Onboarding Operations Partner Payroll Planning Press
	Pricing Product Prototype Quarterly Release Renewal Report Research Review Roadmap Sales Schedule Security Site
	Sponsor Sprint Survey Template Training Translate Travel Update Vendor Website Workshop for of the and with to`

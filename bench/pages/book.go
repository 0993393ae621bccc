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

// Package pages makes up pages of workspace events as Asana would send them, and serves them faster than any client reads.
//
// Start with NewBook and NewServer. It imitates only the paging of Asana, without faults, limits or meaningful events; see
// package simulator for those.
package pages

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Size is the number of events in a full page.
const Size = 1000

// Book holds a few rendered pages that a server hands out again and again.
type Book struct {
	pages  []page
	labels [][]Labels
	seed   uint64
	start  time.Time
}

// NewBook renders count pages; their events happened one millisecond after the other, ending at end.
func NewBook(count int, end time.Time) (*Book, error) {
	b := &Book{seed: 1, start: end.Add(-time.Duration(count*Size) * time.Millisecond)}
	w := newWriter(b.seed)
	for n := range count {
		p, labels, err := render(w, Size, b.start.Add(time.Duration(n*Size)*time.Millisecond))
		if err != nil {
			return nil, err
		}
		b.pages, b.labels = append(b.pages, p), append(b.labels, labels)
	}
	return b, nil
}

// Labels returns what the events of page n count under, in order.
func (b *Book) Labels(n int) []Labels {
	return b.labels[n%len(b.labels)]
}

// part returns a page of fewer events than the others, for the end of a stream.
func (b *Book) part(events int) (page, error) {
	p, _, err := render(newWriter(b.seed), events, b.start)
	return p, err
}

// render writes the beginning of a page: all of it but what follows the events.
func render(w *writer, events int, at time.Time) (page, []Labels, error) {
	var body bytes.Buffer
	body.WriteString(`{"data":[`)
	labels := make([]Labels, 0, events)
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	for i := range events {
		if i > 0 {
			body.WriteByte(',')
		}
		e, l := w.event(at.Add(time.Duration(i) * time.Millisecond))
		if err := encoder.Encode(e); err != nil {
			return page{}, nil, fmt.Errorf("render event: %w", err)
		}
		body.Truncate(body.Len() - 1) // Encode ends with a new line, which Asana's pages don't have.
		labels = append(labels, l)
	}
	p, err := newPage(body.Bytes())
	return p, labels, err
}

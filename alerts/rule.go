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

package main

import (
	"fmt"
	"strings"
	"unicode"
)

// file is one rule file.
type file struct {
	name    string
	comment string
	groups  []group
}

// group is evaluated by one server, one rule after the other.
type group struct {
	name     string
	comment  string
	interval string
	rules    []rule
}

// rule records a series or is an alert.
type rule struct {
	comment     string
	record      string
	alert       string
	expr        string
	pending     string // The field "for".
	keepFiring  string
	labels      string // As YAML writes a map: "severity: page".
	annotations [][2]string
}

// yaml returns the file as Prometheus loads it and as people read it.
func (f file) yaml() string {
	var w writer
	w.comment(f.comment, 0)
	w.line(0, "groups:")
	for i, g := range f.groups {
		if i > 0 {
			w.line(0, "")
		}
		w.comment(g.comment, 2)
		w.line(2, "- name: "+g.name)
		w.line(4, "interval: "+g.interval)
		w.line(4, "rules:")
		for _, r := range g.rules {
			w.rule(r)
		}
	}
	return w.String()
}

type writer struct{ strings.Builder }

func (w *writer) line(indent int, text string) {
	fmt.Fprintln(w, strings.TrimRightFunc(strings.Repeat(" ", indent)+text, unicode.IsSpace))
}

func (w *writer) comment(text string, indent int) {
	for line := range strings.Lines(unindent(text)) {
		w.line(indent, strings.TrimSpace("# "+strings.TrimSuffix(line, "\n")))
	}
}

func (w *writer) rule(r rule) {
	w.comment(r.comment, 6)
	if r.record != "" && strings.HasPrefix(r.expr, "vector(") { // A number to change: they read as a table.
		w.line(6, "- {record: "+r.record+", expr: "+r.expr+", labels: {"+r.labels+"}}")
		return
	}
	if r.alert != "" {
		w.line(6, "- alert: "+r.alert)
	} else {
		w.line(6, "- record: "+r.record)
	}
	w.block("expr", "|", r.expr)
	if r.pending != "" {
		w.line(8, "for: "+r.pending)
	}
	if r.keepFiring != "" {
		w.line(8, "keep_firing_for: "+r.keepFiring)
	}
	if r.labels != "" {
		w.line(8, "labels: {"+r.labels+"}")
	}
	if len(r.annotations) > 0 {
		w.line(8, "annotations:")
	}
	for _, a := range r.annotations {
		w.text(a[0], a[1])
	}
}

// block writes a value of the rule: beside its name if it is one line that YAML can't take for anything else, below it otherwise.
func (w *writer) block(name, style, text string) {
	text = unindent(text)
	if !strings.Contains(text, "\n") && !strings.Contains(text, ": ") && !strings.Contains(text, " #") {
		w.line(8, name+": "+text)
		return
	}
	w.line(8, name+": "+style)
	for line := range strings.Lines(text) {
		w.line(10, strings.TrimSuffix(line, "\n"))
	}
}

// text writes an annotation. YAML joins the lines of a folded block, so that the text itself is one line, unless some
// are indented.
func (w *writer) text(name, text string) {
	if !strings.ContainsAny(text, "\n{ ") {
		w.line(10, name+": "+text)
		return
	}
	w.line(10, name+": >-")
	for line := range strings.Lines(text) {
		w.line(12, strings.TrimSpace(line))
	}
}

// unindent drops empty lines before and after a text in the code, and the tabs that all its lines share. Further tabs become
// two spaces each.
func unindent(text string) string {
	lines := strings.Split(strings.TrimRight(strings.TrimLeft(text, "\n"), "\n\t "), "\n")
	shared := len(text)
	for _, line := range lines {
		if line != "" {
			shared = min(shared, len(line)-len(strings.TrimLeft(line, "\t")))
		}
	}
	for i, line := range lines {
		lines[i] = line[min(shared, len(line)):]
	}
	return strings.ReplaceAll(strings.Join(lines, "\n"), "\t", "  ")
}

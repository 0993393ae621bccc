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
	"regexp"
	"slices"
	"strings"
	"testing"
)

type inhibition struct {
	Source []string `yaml:"source_matchers"`
	Target []string `yaml:"target_matchers"`
	Equal  []string
}

func readInhibitions(t *testing.T) []inhibition {
	t.Helper()
	var file struct {
		InhibitRules []inhibition `yaml:"inhibit_rules"`
	}
	decode(t, "alertmanager.yml", &file)
	if len(file.InhibitRules) == 0 {
		t.Fatal("there are no inhibitions")
	}
	return file.InhibitRules
}

// matched returns the notifications that matchers such as alertname=~"A|B" select.
func matched(t *testing.T, matchers []string) (found []notification) {
	t.Helper()
	for _, n := range readRules(t).notifications() {
		if !slices.ContainsFunc(matchers, func(matcher string) bool { return !n.matches(t, matcher) }) {
			found = append(found, n)
		}
	}
	if len(found) == 0 {
		t.Errorf("%q match no alert", matchers)
	}
	return found
}

func (n notification) matches(t *testing.T, matcher string) bool {
	t.Helper()
	parts := regexp.MustCompile(`^(\w+)\s*(=~|=)\s*"(.*)"$`).FindStringSubmatch(matcher)
	if parts == nil || parts[1] != "alertname" && parts[1] != "severity" {
		t.Fatalf("this test does not understand the matcher %s", matcher)
	}
	value := n.severity
	if parts[1] == "alertname" {
		value = n.Alert
	}
	if parts[2] == "=" {
		return value == parts[3]
	}
	return regexp.MustCompile("^(?:" + parts[3] + ")$").MatchString(value)
}

// A workspace explains nothing about another, nor a replica.
func TestInhibitionsStayInTheWorkspace(t *testing.T) {
	for _, rule := range readInhibitions(t) {
		want := []string{"workspace"}
		if slices.Contains(rule.Equal, "alertname") {
			want = []string{"alertname", "workspace"}
		}
		all := append(matched(t, rule.Source), matched(t, rule.Target)...)
		if !slices.ContainsFunc(all, func(n notification) bool { return !n.tellsOfReplica() }) {
			want = append(want, "instance")
		}
		if !slices.Equal(rule.Equal, want) {
			t.Errorf("%q silence %q: equal is %q, want %q", rule.Source, rule.Target, rule.Equal, want)
		}
	}
}

func (a alert) tellsOfReplica() bool {
	return strings.Contains(a.Annotations["summary"], "$labels.instance")
}

// Only a page silences what tells of deletions: its own warning, and the warning of slow deletion. A page that is silenced by another
// page comes when that one ends, hours after the incident.
func TestDeletionsAreSilencedByTheirPagesAlone(t *testing.T) {
	silencedBy := map[string][]string{}
	for _, rule := range readInhibitions(t) {
		for _, source := range matched(t, rule.Source) {
			for _, target := range matched(t, rule.Target) {
				if !slices.Contains(rule.Equal, "alertname") || source.Alert == target.Alert {
					silencedBy[target.String()] = append(silencedBy[target.String()], source.String())
				}
			}
		}
	}
	more := []string{"AsanaDeletionBurst (page)", "AsanaStructureDeletions (page)"}
	for _, test := range []struct {
		target    string
		want, may []string
	}{
		{"AsanaDeletionBurst (page)", nil, nil},
		{"AsanaDeletionBurst (warning)", []string{"AsanaDeletionBurst (page)"}, nil},
		{"AsanaDeletionsSustained (page)", nil, nil},
		{"AsanaDeletionsSustained (warning)", []string{"AsanaDeletionsSustained (page)"}, more},
		{"AsanaStructureDeletions (page)", nil, nil},
		{"AsanaStructureDeletions (warning)", []string{"AsanaStructureDeletions (page)"}, nil},
		{"AsanaRemovals (warning)", nil, nil},
	} {
		got := silencedBy[test.target]
		for _, source := range test.want {
			if !slices.Contains(got, source) {
				t.Errorf("%s is not silenced by %s", test.target, source)
			}
		}
		for _, source := range got {
			if !slices.Contains(test.want, source) && !slices.Contains(test.may, source) {
				t.Errorf("%s is silenced by %s", test.target, source)
			}
		}
	}
}

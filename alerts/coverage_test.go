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
	"cmp"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// firing is what the tests ask promtool for: everything that fires, or one alert of it.
const firing = `ALERTS{alertstate="firing"}`

// A story is one test of promtool's: what fired when.
type story []moment

type moment struct {
	at     time.Duration
	asked  string   // An alert; empty if all were asked for.
	firing []string // As in "AsanaDeletionBurst (page)".
}

func readStories(t *testing.T) (stories []story) {
	t.Helper()
	for _, path := range glob(t, "tests/*.yml") {
		var file struct {
			Tests []struct {
				PromqlExprTest []struct {
					Expr       string
					EvalTime   string                    `yaml:"eval_time"`
					ExpSamples []struct{ Labels string } `yaml:"exp_samples"`
				} `yaml:"promql_expr_test"`
			}
		}
		decode(t, path, &file)
		for _, test := range file.Tests {
			var s story
			for _, e := range test.PromqlExprTest {
				asked, ok := askedFor(e.Expr)
				if !ok {
					continue
				}
				at, err := time.ParseDuration(e.EvalTime)
				if err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				m := moment{at: at, asked: asked}
				for _, sample := range e.ExpSamples {
					m.firing = append(m.firing, label(sample.Labels, "alertname")+" ("+label(sample.Labels, "severity")+")")
				}
				s = append(s, m)
			}
			slices.SortFunc(s, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
			stories = append(stories, s)
		}
	}
	return stories
}

func label(labels, name string) string {
	match := regexp.MustCompile(`\b` + name + `="(\w+)"`).FindStringSubmatch(labels)
	if match == nil {
		return "none"
	}
	return match[1]
}

// askedFor reports whether an expression asks for what fires, and for which alert.
func askedFor(expr string) (name string, ok bool) {
	if strings.TrimSpace(expr) == firing {
		return "", true
	}
	match := regexp.MustCompile(`^ALERTS\{alertname="(\w+)", alertstate="firing"\}$`).FindStringSubmatch(strings.TrimSpace(expr))
	if match == nil {
		return "", false
	}
	return match[1], true
}

// tells reports whether an alert does not fire in a story, then does, then does not any more.
func (s story) tells(n notification) bool {
	chapter := 0
	for _, m := range s {
		if m.asked != "" && m.asked != n.Alert {
			continue
		}
		if slices.Contains(m.firing, n.String()) == (chapter == 1) {
			continue
		}
		if chapter++; chapter == 2 {
			break
		}
	}
	return chapter == 2 && !slices.Contains(s[0].firing, n.String())
}

func TestEachAlertFiresAndResolvesInATest(t *testing.T) {
	stories := readStories(t)
	for _, n := range readRules(t).notifications() {
		if !slices.ContainsFunc(stories, func(s story) bool { return s.tells(n) }) {
			t.Errorf("no test has %s not fire, fire, and resolve, in this order", n)
		}
	}
}

// promtool evaluates the groups of a file in any order unless it is told.
func TestTestsSetTheOrderOfGroups(t *testing.T) {
	for _, path := range glob(t, "tests/*.yml") {
		var file struct {
			RuleFiles      []string `yaml:"rule_files"`
			GroupEvalOrder []string `yaml:"group_eval_order"`
		}
		decode(t, path, &file)
		var groups []string
		for _, rules := range file.RuleFiles {
			var file struct{ Groups []struct{ Name string } }
			decode(t, "tests/"+rules, &file)
			for _, group := range file.Groups {
				groups = append(groups, group.Name)
			}
		}
		if !slices.Equal(groups, file.GroupEvalOrder) {
			t.Errorf("%s: group_eval_order is %q, want %q", path, file.GroupEvalOrder, groups)
		}
	}
}

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

// Package engine evaluates Prometheus rules over simulated time: 90 days at one minute take a few seconds.
//
// PromQL and the parser of rule files are Prometheus' own code. Load reads rule files, and Evaluate runs them over a
// Store. Tests compare that with Prometheus' own evaluation of rules.
package engine

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// DefaultInterval is the evaluation_interval of groups that name none.
const DefaultInterval = time.Minute

// rule is one rule of a file.
type rule struct {
	index    int
	record   string
	alert    string
	expr     string
	interval time.Duration
	hold     time.Duration
	keep     time.Duration
	labels   map[string]string
	needs    map[int]bool // Indexes of the rules whose results it may read.
}

func (r *rule) name() string { return r.record + r.alert }

// Rules are the rules of some files, in order.
type Rules []*rule

// Load reads rule files.
func Load(files ...string) (Rules, error) {
	var all Rules
	for _, file := range files {
		groups, err := parse(file)
		if err != nil {
			return nil, err
		}
		for _, g := range groups {
			all = all.with(g)
		}
	}
	return all, all.link(newParser())
}

// Group is a group of rules, which a server evaluates one after the other.
type Group struct {
	Name     string
	Rules    int
	Interval time.Duration
}

// Groups lists the groups of a rule file.
func Groups(file string) ([]Group, error) {
	groups, err := parse(file)
	var all []Group
	for _, g := range groups {
		all = append(all, Group{g.Name, len(g.Rules), intervalOf(g)})
	}
	return all, err
}

func parse(file string) ([]rulefmt.RuleGroup, error) {
	groups, errs := rulefmt.ParseFile(file, false, model.UTF8Validation, newParser(), slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		return nil, fmt.Errorf("rules %s: %w", file, errors.Join(errs...))
	}
	return groups.Groups, nil
}

func intervalOf(g rulefmt.RuleGroup) time.Duration {
	if g.Interval == 0 {
		return DefaultInterval
	}
	return time.Duration(g.Interval)
}

func newParser() parser.Parser { return parser.NewParser(parser.Options{}) }

// NewQueries returns what evaluates expressions.
func NewQueries() *promql.Engine {
	return promql.NewEngine(promql.EngineOpts{
		MaxSamples:               2_000_000_000,
		Timeout:                  30 * time.Minute,
		LookbackDelta:            5 * time.Minute,
		EnableAtModifier:         true,
		EnableNegativeOffset:     true,
		Parser:                   newParser(),
		NoStepSubqueryIntervalFn: func(int64) int64 { return DefaultInterval.Milliseconds() },
	})
}

func (rs Rules) with(g rulefmt.RuleGroup) Rules {
	for _, r := range g.Rules {
		l := maps.Clone(g.Labels)
		if l == nil {
			l = map[string]string{}
		}
		maps.Copy(l, r.Labels)
		rs = append(rs, &rule{
			index: len(rs), record: r.Record, alert: r.Alert, expr: r.Expr, interval: intervalOf(g),
			hold: time.Duration(r.For), keep: time.Duration(r.KeepFiringFor), labels: l, needs: map[int]bool{},
		})
	}
	return rs
}

// link finds out which rules read the results of which.
func (rs Rules) link(p parser.Parser) error {
	for _, r := range rs {
		expr, err := p.ParseExpr(r.expr)
		if err != nil {
			return fmt.Errorf("rule %s: %w", r.name(), err)
		}
		parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
			if selector, ok := n.(*parser.VectorSelector); ok {
				r.read(selector.LabelMatchers, rs)
			}
			return nil
		})
	}
	return nil
}

func (r *rule) read(ms []*labels.Matcher, rs Rules) {
	for _, other := range rs {
		if other.mayMatch(ms) {
			r.needs[other.index] = true
		}
	}
}

func (r *rule) mayMatch(ms []*labels.Matcher) bool {
	for _, m := range ms {
		switch {
		case m.Name == model.MetricNameLabel && r.alert != "":
			if !m.Matches("ALERTS") && !m.Matches("ALERTS_FOR_STATE") {
				return false
			}
		case m.Name == model.MetricNameLabel:
			if !m.Matches(r.record) {
				return false
			}
		case m.Name == labels.AlertName && r.alert != "":
			if !m.Matches(r.alert) {
				return false
			}
		default:
			if v, ok := r.labels[m.Name]; ok && !strings.Contains(v, "{{") && !m.Matches(v) {
				return false
			}
		}
	}
	return true
}

func (r *rule) recorded(l labels.Labels) labels.Labels {
	b := labels.NewBuilder(l)
	b.Set(model.MetricNameLabel, r.record)
	for k, v := range r.labels {
		b.Set(k, v)
	}
	return b.Labels()
}

func (r *rule) alerted(l labels.Labels) labels.Labels {
	b := labels.NewBuilder(l)
	b.Del(model.MetricNameLabel)
	for k, v := range r.labels {
		b.Set(k, v)
	}
	b.Set(labels.AlertName, r.alert)
	return b.Labels()
}

// Recording returns the rules that record, without the alerts.
func (rs Rules) Recording() (Rules, error) {
	var recording Rules
	for _, r := range rs {
		if r.record != "" {
			alone := *r
			alone.index, alone.needs = len(recording), map[int]bool{}
			recording = append(recording, &alone)
		}
	}
	return recording, recording.link(newParser())
}

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

//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A grafana sends to a Prometheus server the queries with which Grafana draws a dashboard.
type grafana struct {
	prometheus prometheus
	scrape     time.Duration // As set in the data source.
	hasty      bool          // Every step is five seconds: rules are evaluated so often that there is something to see.
	from, to   time.Time
}

// haste is the step in a server that is a minute old.
const haste = 5 * time.Second

// A board is the part of an imported dashboard that sends queries.
type board struct {
	Title      string
	Time       struct{ From string }
	Templating struct{ List []boardVariable }
	Panels     []boardPanel
	// Annotations are asked for with a step of their own.
	Annotations struct {
		List []struct{ Name, Expr, Step string }
	}
}

type boardVariable struct {
	Type, Name, Regex, AllValue string
	Query                       json.RawMessage
}

type boardPanel struct {
	Title, Type, Interval, TimeFrom string
	MaxDataPoints                   int
	Panels                          []boardPanel // Of a closed row.
	Targets                         []struct {
		RefID, Expr, Interval string
		Instant               bool
	}
}

// boards reads the dashboards that people import.
func boards(t *testing.T) []board {
	t.Helper()
	files, err := filepath.Glob("../dashboards/*.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []board
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var b board
		if err := json.Unmarshal(text, &b); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, p := range b.Panels {
			b.Panels = append(b.Panels, p.Panels...)
		}
		all = append(all, b)
	}
	return all
}

// An answer holds the size of the result of one query, and how long that took.
type answer struct {
	dashboard, panel, query string
	series, samples         int
	took                    time.Duration
	err                     error
}

func (a answer) name() string { return a.dashboard + " / " + a.panel + " / " + a.query }

// draw sends all queries of a dashboard, with the values of its variables.
func (g grafana) draw(b board, values map[string]string) []answer {
	var answers []answer
	for _, p := range b.Panels {
		for _, target := range p.Targets {
			from, step := g.from, g.step(p)
			if p.TimeFrom != "" {
				from = g.to.Add(-duration(p.TimeFrom))
			}
			a := answer{dashboard: b.Title, panel: p.Title, query: target.RefID}
			began := time.Now()
			a.series, a.samples, a.err = g.ask(fill(target.Expr, g.globals(from, step, target.Interval), values), from, step, target.Instant)
			a.took = time.Since(began)
			answers = append(answers, a)
		}
	}
	for _, mark := range b.Annotations.List {
		a, step := answer{dashboard: b.Title, panel: "annotation", query: mark.Name}, duration(mark.Step)
		if g.hasty {
			step = haste
		}
		began := time.Now()
		a.series, a.samples, a.err = g.ask(fill(mark.Expr, nil, values), g.from, step, false)
		a.took = time.Since(began)
		answers = append(answers, a)
	}
	return answers
}

// step is the interval between the points of a panel: as many as there may be, rounded, and no less than the least step.
func (g grafana) step(p boardPanel) time.Duration {
	if g.hasty && p.TimeFrom == "" {
		return haste
	}
	const width = 1200 // Points of a panel that does not say how many it wants.
	points, least, length := width, g.scrape, g.to.Sub(g.from)
	if p.MaxDataPoints > 0 {
		points = p.MaxDataPoints
	}
	if p.Interval != "" {
		least = duration(p.Interval)
	}
	if p.TimeFrom != "" {
		length = duration(p.TimeFrom)
	}
	step := length / time.Duration(points)
	for _, nice := range []time.Duration{ // Grafana's rounding, about.
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 20 * time.Second, 30 * time.Second, time.Minute,
		2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 20 * time.Minute, 30 * time.Minute, time.Hour,
	} {
		if step <= nice*5/4 {
			return max(nice, least)
		}
	}
	return max(step, least)
}

// globals are the variables that Grafana fills itself. A query's own least step stands in for the time between scrapes.
func (g grafana) globals(from time.Time, step time.Duration, least string) map[string]string {
	scrape := g.scrape
	if least != "" && !g.hasty {
		scrape = duration(least)
	}
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) + "s" }
	return map[string]string{
		"__interval":      seconds(step),
		"__rate_interval": seconds(max(step+scrape, 4*scrape)),
		"__range":         seconds(g.to.Sub(from)),
	}
}

var reference = regexp.MustCompile(`\$(\w+)|\$\{(\w+)\}`)

// fill puts values in the places of variables. Those that are not there stay, as the groups of label_replace do.
func fill(expr string, maps ...map[string]string) string {
	return reference.ReplaceAllStringFunc(expr, func(match string) string {
		for _, values := range maps {
			if value, ok := values[strings.Trim(match, "${}")]; ok {
				return value
			}
		}
		return match
	})
}

// ask returns how many series and samples an expression gives that is drawn from a time until the end, or only there.
func (g grafana) ask(expr string, from time.Time, step time.Duration, instant bool) (series, samples int, err error) {
	stamp := func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
	what, query := "query_range", url.Values{
		"query": {expr}, "start": {stamp(from.Truncate(step))}, "end": {stamp(g.to.Truncate(step))}, "step": {strconv.Itoa(int(step.Seconds()))},
	}
	if instant {
		what, query = "query", url.Values{"query": {expr}, "time": {stamp(g.to)}}
	}
	var data struct {
		Result []struct{ Values []json.RawMessage }
	}
	if err := g.prometheus.ask(what, query, &data); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", expr, err)
	}
	for _, s := range data.Result {
		samples += max(1, len(s.Values))
	}
	return len(data.Result), samples, nil
}

// choices returns the values that a variable of a query can be given.
func (g grafana) choices(v boardVariable, values map[string]string) ([]string, error) {
	var query struct{ Query string }
	if err := json.Unmarshal(v.Query, &query); err != nil {
		return nil, err
	}
	call := fill(query.Query, g.globals(g.from, time.Minute, ""), values)
	if list, ok := strings.CutPrefix(call, "label_values("); ok {
		comma := strings.LastIndex(list, ",")
		return g.labelValues(list[:comma], strings.Trim(list[comma+1:], " )"))
	}
	return g.results(strings.TrimSuffix(strings.TrimPrefix(call, "query_result("), ")"), v.Regex)
}

// labelValues returns the values of a label.
func (g grafana) labelValues(selector, label string) ([]string, error) {
	var series []map[string]string
	err := g.prometheus.ask("series", url.Values{
		"match[]": {selector}, "start": {strconv.FormatInt(g.from.Unix(), 10)}, "end": {strconv.FormatInt(g.to.Unix(), 10)},
	}, &series)
	var values []string
	for _, labels := range series {
		if value := labels[label]; value != "" && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return values, err
}

// results returns what a regular expression takes out of the series of an answer, written as Grafana does.
func (g grafana) results(expr, regex string) ([]string, error) {
	pattern, err := regexp.Compile(strings.Trim(regex, "/"))
	if err != nil {
		return nil, err
	}
	var data struct {
		Result []struct{ Metric map[string]string }
	}
	if err := g.prometheus.ask("query", url.Values{"query": {expr}, "time": {strconv.FormatInt(g.to.Unix(), 10)}}, &data); err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	var values []string
	for _, r := range data.Result {
		text := fmt.Sprintf(`{name="%s",workspace="%s"} 1 1`, r.Metric["name"], r.Metric["workspace"]) // Grafana escapes nothing.
		match := pattern.FindStringSubmatch(text)
		if match == nil || match[pattern.SubexpIndex("text")] != r.Metric["name"] {
			return nil, fmt.Errorf("%s takes no workspace and its name out of %s", regex, text)
		}
		values = append(values, match[pattern.SubexpIndex("value")])
	}
	return values, nil
}

// duration reads what Grafana writes: 5m, 1d.
func duration(text string) time.Duration {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil {
			panic(err)
		}
		return time.Duration(n) * 24 * time.Hour
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return d
}

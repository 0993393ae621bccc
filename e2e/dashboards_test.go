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
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// emptyInHealth lists the queries without a result while all is well, and what gives them one.
func emptyInHealth() map[string]string {
	const incident, gap = "200 tasks are deleted at once", "Asana forgets the position"
	queries := map[string]string{
		"Asana deletions / First / A":                   incident,
		"Asana deletions / State of each alert / H":     incident, // Those not quiet, by workspace.
		"Asana deletions / Gaps in this time range / B": gap,
	}
	for _, title := range []string{"workspace activity", "deletions", "exporter"} {
		queries["Asana "+title+" / annotation / Gaps"] = gap
		queries["Asana "+title+" / annotation / Catch-ups"] = "the exporter is down for more than a minute"
	}
	return queries
}

// A Prometheus server with the delivered rules scrapes the demo, and an exporter whose workspace fails later. Every query of every
// panel, variable and annotation has a result: in health all but those in emptyInHealth, and after the failures those too.
func TestDashboardPanelsHaveData(t *testing.T) {
	t.Parallel()
	asana := startAsana(t, simulator.Options{Workspace: "1200000000000002", Name: "Trouble & Co", Seed: 7, Rate: 5})
	demo := newExporter(t, nil, "--demo", "--events.zero-first=2s")
	troubled := newExporter(t, asana, "--asana.poll-interval=1s", "--events.zero-first=2s")
	demo.start(t)
	troubled.start(t)
	asana.repeat(maps.Keys(map[simulator.Labels]bool{{Action: "deleted", ResourceType: "tag"}: true}))

	dir := t.TempDir()
	writePast(t, filepath.Join(dir, "data"), "1200000000000001", "1200000000000002")
	p := runPrometheus(t, dir, rulesConfig(t, dir)+scrapeConfig(demo, troubled))
	d := drawing{t: t, prometheus: p}

	// Charts end at a full step.
	waitFor(t, time.Minute, d.missing(`workspace_kind_severity:asana_deletions:limit{kind="sustained"} offset 10s`, "workspace:asana_tasks_completed:increase5m offset 10s",
		"workspace:asana_comments:increase5m offset 10s", "workspace:asana_workspace:name offset 10s"))
	troubled.kill(t)
	down := time.Now()
	d.draw(slices.Collect(maps.Keys(emptyInHealth())))

	asana.Incident(200)
	waitFor(t, outage+patience, func() error {
		if left := time.Until(down.Add(outage)); left > 0 {
			return fmt.Errorf("the exporter must stay down for %s", left)
		}
		return nil
	})
	troubled.start(t)
	waitFor(t, patience, d.missing("asana_workspace_backlog_seconds > 0"))
	asana.Inject(simulator.Fault{Kind: simulator.Expire})
	waitFor(t, patience, d.missing("increase(asana_workspace_gaps_total[2m] offset 10s) > 0",
		`workspace_kind:asana_deletions:count{kind="burst"} offset 10s > on (workspace) workspace_kind_severity:asana_deletions:limit{severity="warning", kind="burst"}`,
		`ALERTS{alertname=~"AsanaDeletion.*"} offset 10s`))
	d.draw(nil)
}

// rulesConfig loads the delivered rules and evaluates them every two seconds, to save half an hour.
func rulesConfig(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob("../alerts/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte("\ngroups:")) {
			continue // No rules.
		}
		text = regexp.MustCompile(`(?m)^(\s*interval:) \w+`).ReplaceAll(text, []byte("$1 2s"))
		if err := os.WriteFile(filepath.Join(dir, "rules-"+filepath.Base(file)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf("global: {evaluation_interval: 2s}\nrule_files: [%q]\n", filepath.Join(dir, "rules-*.yml"))
}

// writePast gives workspaces the nine days of samples that the rules and dashboards look back on.
func writePast(t *testing.T, dir string, workspaces ...string) {
	t.Helper()
	now := time.Now()
	past := newHistory(t, now.Add(-9*24*time.Hour), now.Add(-5*time.Minute))
	for _, workspace := range workspaces {
		for _, kind := range []string{"burst", "sustained", "structure", "fast_structure", "rare_structure", "comments", "memberships"} {
			for _, name := range []string{"count", "deviation", "max30m", "deviation:max30m"} {
				past.add(fmt.Sprintf(`workspace_kind:asana_deletions:%s{workspace="%s",kind="%s"}`, name, workspace, kind), 5*time.Minute, daily(3))
			}
		}
		past.add(fmt.Sprintf(`workspace:asana_events:increase5m{workspace="%s"}`, workspace), 5*time.Minute, daily(3))
		past.add(fmt.Sprintf(`workspace_action_resource_type:asana_events:increase5m{workspace="%s",action="added",resource_type="task"}`,
			workspace), 5*time.Minute, daily(50))
	}
	past.write(t, dir)
}

// A drawing asks for all dashboards.
type drawing struct {
	t          *testing.T
	prometheus prometheus
}

// missing reports the expressions without an answer.
func (d drawing) missing(expressions ...string) func() error {
	return func() error {
		for _, expression := range expressions {
			found, err := d.prometheus.query(expression, time.Now())
			if err == nil && len(found) == 0 {
				err = errors.New(expression + " is empty")
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// draw asks for all dashboards, prints a table, and reports errors and empty answers but those that may be empty.
func (d drawing) draw(mayBeEmpty []string) {
	d.t.Helper()
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "dashboard\tpanel\tquery\tseries\tsamples\ttime")
	for _, b := range boards(d.t) {
		now := time.Now()
		g := grafana{prometheus: d.prometheus, scrape: time.Second, hasty: true, from: now.Add(-10 * time.Minute), to: now}
		all, one := d.values(g, b)
		for _, a := range g.draw(b, all) {
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%s\n", a.dashboard, a.panel, a.query, a.series, a.samples, a.took.Round(time.Millisecond))
			if a.err == nil && a.series == 0 && !slices.Contains(mayBeEmpty, a.name()) {
				a.err = errors.New("nothing came back")
			}
			if a.err == nil && a.series > 0 && slices.Contains(mayBeEmpty, a.name()) {
				a.err = errors.New("something came back in health")
			}
			if a.err != nil {
				d.t.Errorf("%s: %v", a.name(), a.err)
			}
		}
		for _, a := range g.draw(b, one) {
			if a.err != nil {
				d.t.Errorf("%s, with one value of each variable: %v", a.name(), a.err)
			}
		}
	}
	_ = w.Flush() // Into memory.
	d.t.Logf("with %d queries that may be empty:\n%s", len(mayBeEmpty), table.String())
}

// values returns the values of a dashboard's variables in its queries: with All chosen, and with one value.
func (d drawing) values(g grafana, b board) (all, one map[string]string) {
	d.t.Helper()
	all, one = map[string]string{}, map[string]string{}
	for _, v := range b.Templating.List {
		switch v.Type {
		case "query":
			choices, err := g.choices(v, all)
			if err == nil && len(choices) == 0 {
				err = errors.New("there is nothing to choose from")
			}
			if err != nil {
				d.t.Errorf("%s: variable %s: %v", b.Title, v.Name, err)
				continue
			}
			d.t.Logf("%s: variable %s has %q", b.Title, v.Name, choices)
			all[v.Name], one[v.Name] = cmp.Or(v.AllValue, "("+strings.Join(choices, "|")+")"), "("+strings.ReplaceAll(regexp.QuoteMeta(choices[0]), `\`, `\\`)+"|none)"
		case "custom":
			all[v.Name], one[v.Name] = "0", "-5"
		}
	}
	return all, one
}

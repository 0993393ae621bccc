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

package score

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/scenario"
)

// Column is a set of results with a heading.
type Column struct {
	Name    string
	Results []Result
}

// Table prints columns side by side: what was found of each kind of incident, then what each of the two operating
// points, pages alone and page or warning, finds and costs.
func Table(w io.Writer, columns []Column) {
	row(w, columns, "found (paged), median / p90 min; firings of pages, mean / most", func(c Column) string { return c.Name })
	fmt.Fprintln(w, "|---|"+strings.Repeat("---|", len(columns)))
	for _, k := range kinds(columns) {
		row(w, columns, k, func(c Column) string { return count(c.Results, k).String() })
	}
	row(w, columns, "firings of pages an incident, of the kind with the most", noisiest)
	for _, point := range []struct {
		name   string
		found  func(tally) string
		alarms func(Result) Alarms
	}{
		{"pages alone", tally.pagedOnly, func(r Result) Alarms { return r.Pages }},
		{"page or warning", tally.found, func(r Result) Alarms { return r.All }},
	} {
		row(w, columns, "**"+point.name+"**: found", func(c Column) string { return point.found(count(c.Results, everything)) })
		for _, class := range []string{synthetic, seasonal, bursty} {
			row(w, columns, point.name+": false per workspace and 90 days, "+class, func(c Column) string {
				return perQuarter(c.Results, class, point.alarms)
			})
		}
	}
	row(w, columns, "false pages in week 1; near faults", nearFaults)
	for _, name := range cleanups(columns) {
		row(w, columns, "not due to an incident, page; page or warning, "+name, func(c Column) string { return around(c.Results, name) })
	}
}

func row(w io.Writer, columns []Column, name string, cell func(Column) string) {
	fmt.Fprintf(w, "| %s |", name)
	for _, c := range columns {
		fmt.Fprintf(w, " %s |", cell(c))
	}
	fmt.Fprintln(w)
}

// The rows of a table that sum up several kinds of incident.
const (
	bursts         = "bursts of 500 and more"
	insideOutages  = "inside outages, all kinds"
	afterCatchUp   = "0 to 90 minutes after a catch-up"
	prometheusAway = "Prometheus away"
	everything     = "all separable incidents"
)

// rows are those that an incident counts in.
func rows(r Result, i Incident) []string {
	if r.Group == scenario.Cleanups {
		return []string{i.Kind}
	}
	all := []string{i.Kind, everything}
	switch {
	case strings.HasPrefix(i.Kind, "outage"):
		all = append(all, insideOutages)
	case strings.HasPrefix(i.Kind, "away"):
		all = append(all, prometheusAway)
	case i.After > 0 && i.After <= 90:
		all = append(all, afterCatchUp)
	case i.Kind == "burst500_5m", i.Kind == "burst5000_5m":
		all = append(all, bursts)
	}
	return all
}

// kinds are the rows of the incidents, the sums last.
func kinds(columns []Column) []string {
	found := map[string]bool{}
	for _, c := range columns {
		for _, r := range c.Results {
			for _, i := range r.Incidents {
				for _, k := range rows(r, i) {
					found[k] = found[k] || !i.Hard
				}
			}
		}
	}
	var all, sums []string
	for _, k := range []string{bursts, insideOutages, afterCatchUp, prometheusAway, everything} {
		if found[k] {
			sums = append(sums, k)
		}
		delete(found, k)
	}
	for _, k := range slices.Sorted(maps.Keys(found)) {
		if found[k] {
			all = append(all, k)
		}
	}
	return append(all, sums...)
}

// tally counts incidents of a kind.
type tally struct {
	of, paged, any, firings, most int
	pagedDelays, delays           []float64
}

// count leaves out the incidents that volume cannot tell.
func count(results []Result, kind string) (t tally) {
	for _, r := range results {
		for _, i := range r.Incidents {
			if !i.Hard && slices.Contains(rows(r, i), kind) {
				t.add(i)
			}
		}
	}
	return t
}

func (t *tally) add(i Incident) {
	t.of++
	t.firings += i.Firings
	t.most = max(t.most, i.Firings)
	if i.Any.Found {
		t.any++
		t.delays = append(t.delays, i.Any.Delay)
	}
	if i.Paged.Found {
		t.paged++
		t.pagedDelays = append(t.pagedDelays, i.Paged.Delay)
	}
}

func (t tally) String() string {
	if t.of == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d = %.1f %% (%d = %.1f %%)%s; %.1f / %d",
		t.any, t.of, t.percent(t.any), t.paged, t.percent(t.paged), delays(t.delays), t.mean(), t.most)
}

func (t tally) found() string     { return t.point(t.any, t.delays) }
func (t tally) pagedOnly() string { return t.point(t.paged, t.pagedDelays) }

func (t tally) point(n int, minutes []float64) string {
	if t.of == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d = %.1f %%%s", n, t.of, t.percent(n), delays(minutes))
}

func (t tally) percent(n int) float64 { return 100 * float64(n) / float64(t.of) }
func (t tally) mean() float64         { return float64(t.firings) / float64(t.of) }

func delays(minutes []float64) string {
	if len(minutes) == 0 {
		return ""
	}
	return fmt.Sprintf(", %.0f / %.0f", quantile(minutes, .5), quantile(minutes, .9))
}

func quantile(x []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(x))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func noisiest(c Column) string {
	var worst tally
	var kind string
	for _, k := range kinds([]Column{c}) {
		if t := count(c.Results, k); t.of > 0 && (worst.of == 0 || t.mean() > worst.mean()) {
			worst, kind = t, k
		}
	}
	if worst.of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f / %d, %s", worst.mean(), worst.most, kind)
}

// The classes of scenarios, whose false alarms are counted apart.
const (
	synthetic = "synthetic"
	seasonal  = "real seasonal"
	bursty    = "real bursty" // With real, unlabelled mass events: many of these pages are right.
)

func classOf(group string) string {
	switch {
	case group == scenario.Cleanups:
		return group
	case !strings.HasPrefix(group, "real"):
		return synthetic
	case group == "real-nab-tweets", group == "real-git-deletions", group == "real-git-activity":
		return bursty
	}
	return seasonal
}

func perQuarter(results []Result, class string, alarms func(Result) Alarms) string {
	days, sum := 0.0, 0
	for _, r := range results {
		if classOf(r.Group) == class {
			days += r.CleanDays
			sum += len(alarms(r).False)
		}
	}
	if days == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f (%d)", float64(sum)*90/days, sum)
}

func nearFaults(c Column) string {
	week, faults, in, of := 0, 0, 0, 0
	for _, r := range c.Results {
		if r.Group == scenario.Cleanups {
			continue
		}
		of++
		week, faults = week+r.Pages.FirstWeek, faults+r.Pages.NearFaults
		if r.Pages.NearFaults > 0 {
			in++
		}
	}
	return fmt.Sprintf("%d; %d in %d of %d workspaces", week, faults, in, of)
}

// cleanups are the names of the scenarios with clean-ups.
func cleanups(columns []Column) []string {
	names := map[string]bool{}
	for _, c := range columns {
		for _, r := range c.Results {
			if r.Group == scenario.Cleanups {
				names[r.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// around counts what is not due to incidents; a page while a job is new is counted, too.
func around(results []Result, name string) string {
	if len(results) == 0 {
		return "-"
	}
	pages, all := 0, 0
	for _, r := range results {
		if r.Name == name {
			pages += len(r.Pages.False) + r.Pages.Benign
			all += len(r.All.False) + r.All.Benign
		}
	}
	return fmt.Sprintf("%d; %d", pages, all)
}

// List prints a line for each scenario: what was missed and what was false. Alarms without a page are warnings.
func List(w io.Writer, results []Result) {
	for _, r := range results {
		found, of := 0, 0
		var notes []string
		for _, i := range r.Incidents {
			switch {
			case i.Hard:
				continue
			case i.Any.Found:
				found++
			default:
				notes = append(notes, missed(i))
			}
			of++
		}
		for _, p := range r.Pages.False {
			notes = append(notes, fmt.Sprintf("false(%s %.0fm %s)", clock(int(p.From)), p.To-p.From, strings.Join(p.Alerts, "+")))
		}
		fmt.Fprintf(w, "%-30s found %2d/%2d false %2d, with warnings %2d, benign %d %s\n",
			r.Name, found, of, len(r.Pages.False), len(r.All.False), r.Pages.Benign, strings.Join(notes, " "))
	}
}

func missed(i Incident) string {
	masked := ""
	if i.Masked {
		masked = ", masked"
	}
	return fmt.Sprintf("missed(%s %d %s%s)", i.Kind, i.Extra, clock(i.From), masked)
}

func clock(m int) string {
	return fmt.Sprintf("d%d %02d:%02d", m/scenario.Day, m%scenario.Day/60, m%60)
}

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

// Table prints what was found of each kind of incident, then what each of the two operating points, pages alone and page or
// warning, finds and costs.
func Table(w io.Writer, results []Result) {
	row := func(name, cell string) { fmt.Fprintf(w, "| %s | %s |\n", name, cell) }
	row("incident", "found (paged), median / p90 min; firings of pages, mean / most")
	fmt.Fprintln(w, "|---|---|")
	for _, k := range kinds(results) {
		row(k, count(results, k).String())
	}
	all := count(results, everything)
	for _, point := range []struct {
		name, found string
		alarms      func(Result) Alarms
	}{
		{"pages alone", all.point(all.paged, all.pagedDelays), func(r Result) Alarms { return r.Pages }},
		{"page or warning", all.point(all.any, all.delays), func(r Result) Alarms { return r.All }},
	} {
		row("**"+point.name+"**: found", point.found)
		for _, class := range []string{synthetic, seasonal, bursty} {
			row(point.name+": false per workspace and 90 days, "+class, perQuarter(results, class, point.alarms))
		}
	}
	row("false pages in week 1; near faults", nearFaults(results))
	for _, name := range cleanups(results) {
		row("not due to an incident, page; page or warning, "+name, around(results, name))
	}
}

// The rows of a table that sum up several kinds of incident.
const (
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
	}
	return all
}

// kinds are the rows of the incidents, the sums last.
func kinds(results []Result) []string {
	found := map[string]bool{}
	for _, r := range results {
		for _, i := range r.Incidents {
			for _, k := range rows(r, i) {
				found[k] = found[k] || !i.Hard
			}
		}
	}
	maps.DeleteFunc(found, func(_ string, separable bool) bool { return !separable })
	sums := []string{insideOutages, afterCatchUp, prometheusAway, everything}
	sums = slices.DeleteFunc(sums, func(k string) bool { return !found[k] })
	all := slices.DeleteFunc(slices.Sorted(maps.Keys(found)), func(k string) bool { return slices.Contains(sums, k) })
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

func nearFaults(results []Result) string {
	week, faults, in, of := 0, 0, 0, 0
	for _, r := range results {
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
func cleanups(results []Result) []string {
	names := map[string]bool{}
	for _, r := range results {
		if r.Group == scenario.Cleanups {
			names[r.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// around counts what is not due to incidents; a page while a job is new is counted, too.
func around(results []Result, name string) string {
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
	return fmt.Sprintf("missed(%s %d %s)", i.Kind, i.Extra, clock(i.From))
}

func clock(m int) string {
	return fmt.Sprintf("d%d %02d:%02d", m/scenario.Day, m%scenario.Day/60, m%60)
}

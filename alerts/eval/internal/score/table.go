package score

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"asana_exporter/alerts/eval/internal/scenario"
)

// Column is a set of results with a heading.
type Column struct {
	Name    string
	Results []Result
}

// The rows of a table that sum up several kinds of incident.
const (
	everything    = "all separable incidents"
	bursts        = "bursts of 500 and more"
	insideOutages = "inside outages, all kinds"
)

// Table prints columns side by side: what was found of each kind of incident, then false pages.
func Table(w io.Writer, columns []Column) {
	tallies := make([]map[string]*tally, len(columns))
	kinds := map[string]bool{}
	for i, c := range columns {
		tallies[i] = count(c.Results)
		for k := range tallies[i] {
			kinds[k] = true
		}
	}
	row(w, columns, "found, median / p90 minutes", func(i int) string { return columns[i].Name })
	fmt.Fprintln(w, "|---|"+strings.Repeat("---|", len(columns)))
	for _, k := range ordered(kinds) {
		row(w, columns, k, func(i int) string { return tallies[i][k].String() })
	}
	row(w, columns, everything+", by pages alone", func(i int) string { return paged(columns[i].Results) })
	for _, class := range []string{synthetic, seasonal, bursty} {
		row(w, columns, "false pages per workspace and 90 days, "+class, func(i int) string {
			return perQuarter(columns[i].Results, class, func(r Result) int { return len(r.False) })
		})
	}
	for _, class := range []string{synthetic, seasonal, bursty} {
		row(w, columns, "warnings for nothing, likewise, "+class, func(i int) string {
			return perQuarter(columns[i].Results, class, func(r Result) int { return r.Warnings })
		})
	}
	row(w, columns, "false pages in week 1; near outages and restarts", func(i int) string {
		week, faults := 0, 0
		for _, r := range columns[i].Results {
			week, faults = week+r.FirstWeek, faults+r.AfterFaults
		}
		return fmt.Sprintf("%d; %d", week, faults)
	})
}

func row(w io.Writer, columns []Column, name string, cell func(i int) string) {
	fmt.Fprintf(w, "| %s |", name)
	for i := range columns {
		fmt.Fprintf(w, " %s |", cell(i))
	}
	fmt.Fprintln(w)
}

// ordered puts the sums last.
func ordered(kinds map[string]bool) []string {
	sums := []string{bursts, insideOutages, everything}
	var all []string
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		if !slices.Contains(sums, k) {
			all = append(all, k)
		}
	}
	for _, k := range sums {
		if kinds[k] {
			all = append(all, k)
		}
	}
	return all
}

type tally struct {
	found, of int
	delays    []float64
}

func (t *tally) String() string {
	if t == nil {
		return "-"
	}
	s := fmt.Sprintf("%d/%d = %.0f %%", t.found, t.of, 100*float64(t.found)/float64(t.of))
	if t.found > 0 {
		s += fmt.Sprintf(", %.0f / %.0f", quantile(t.delays, .5), quantile(t.delays, .9))
	}
	return s
}

func count(results []Result) map[string]*tally {
	tallies := map[string]*tally{}
	for _, r := range results {
		for _, i := range r.Incidents {
			if i.Hard {
				continue
			}
			for _, k := range rows(i.Kind) {
				if tallies[k] == nil {
					tallies[k] = &tally{}
				}
				tallies[k].add(i)
			}
		}
	}
	return tallies
}

func rows(kind string) []string {
	all := []string{kind, everything}
	switch {
	case strings.HasPrefix(kind, "outage"):
		all = append(all, insideOutages)
	case kind == "burst500_5m", kind == "burst5000_5m":
		all = append(all, bursts)
	}
	return all
}

func (t *tally) add(i Incident) {
	t.of++
	if i.Found {
		t.found++
		t.delays = append(t.delays, i.Delay)
	}
}

// The three classes of scenarios, whose false pages are counted apart.
const (
	synthetic = "synthetic"
	seasonal  = "real seasonal"
	bursty    = "real bursty" // With real, unlabelled mass events: many of these pages are right.
)

func classOf(group string) string {
	switch {
	case !strings.HasPrefix(group, "real"):
		return synthetic
	case group == "real-nab-tweets", group == "real-git-deletions", group == "real-git-activity":
		return bursty
	}
	return seasonal
}

func perQuarter(results []Result, class string, number func(Result) int) string {
	days, sum := 0.0, 0
	for _, r := range results {
		if classOf(r.Group) == class {
			days += r.CleanDays
			sum += number(r)
		}
	}
	if days == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f (%d)", float64(sum)*90/days, sum)
}

func paged(results []Result) string {
	t := &tally{}
	for _, r := range results {
		for _, i := range r.Incidents {
			if i.Hard {
				continue
			}
			i.Found = i.Paged
			t.add(i)
		}
	}
	if t.of == 0 {
		return "-"
	}
	return t.String()
}

func quantile(x []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(x))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// List prints a line for each scenario: what was missed and what was false.
func List(w io.Writer, results []Result) {
	for _, r := range results {
		found, of := 0, 0
		var notes []string
		for _, i := range r.Incidents {
			switch {
			case i.Hard:
				continue
			case i.Found:
				found++
			default:
				notes = append(notes, missed(i))
			}
			of++
		}
		for _, p := range r.False {
			m := int(p.From)
			notes = append(notes, fmt.Sprintf("false(d%d %02d:%02d %.0fm %s)",
				m/scenario.Day, m%scenario.Day/60, m%60, p.To-p.From, strings.Join(p.Alerts, "+")))
		}
		fmt.Fprintf(w, "%-30s found %2d/%2d false %2d benign %d %s\n", r.Name, found, of, len(r.False), r.Benign, strings.Join(notes, " "))
	}
}

func missed(i Incident) string {
	masked := ""
	if i.Masked {
		masked = ", masked"
	}
	m := i.From
	return fmt.Sprintf("missed(%s %d d%d %02d:%02d%s)", i.Kind, i.Extra, m/scenario.Day, m%scenario.Day/60, m%60, masked)
}

// Package score judges the firings of alerts by what is known of a scenario, and prints tables. Start with Judge.
package score

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"

	"asana_exporter/alerts/eval/internal/engine"
	"asana_exporter/alerts/eval/internal/scenario"
)

const (
	mergeMinutes = 60  // Firings that are no further apart are one page.
	tailMinutes  = 120 // A page that starts so long after an incident's deadline is not false.
)

// Result is what the alerts did in one scenario.
type Result struct {
	Name, Group string
	CleanDays   float64 // Days without incidents and known bulk work.
	Incidents   []Incident
	False       []Page
	Warnings    int // As False, of those that page nobody.
	Benign      int // Pages within known bulk work.
	FirstWeek   int // False pages in the first week,
	AfterFaults int // and those near outages and restarts.
}

// Incident is an incident and what became of it.
type Incident struct {
	scenario.Window
	Found  bool
	Paged  bool // Found by a page, not only by a warning.
	Masked bool // An alert was firing before it began.
	Delay  float64
}

// Page is one or several firings that a person sees as one.
type Page struct {
	From, To float64 // In minutes of the scenario.
	Alerts   []string
}

// Judge counts a firing of severity page or warning as finding an incident, and one of severity page as a page.
func Judge(s *scenario.Scenario, firings []engine.Firing) Result {
	r := Result{Name: s.Name, Group: s.Group, CleanDays: cleanDays(s)}
	all, pages := spans(s, firings, "page", "warning"), spans(s, firings, "page")
	for _, w := range s.Incidents {
		i := find(w, all)
		i.Paged = find(w, pages).Found
		r.Incidents = append(r.Incidents, i)
	}
	for _, p := range merge(pages) {
		r.page(s, p)
	}
	for _, p := range merge(spans(s, firings, "warning")) {
		if !due(s.Incidents, p) && !due(s.Benign, p) {
			r.Warnings++
		}
	}
	return r
}

func spans(s *scenario.Scenario, firings []engine.Firing, severities ...string) []Page {
	var all []Page
	minute := func(t int64) float64 { return float64(t-s.Start*1000) / 60000 }
	for _, f := range firings {
		if slices.Contains(severities, severity(f.Labels)) {
			all = append(all, Page{minute(f.From), minute(f.To), []string{f.Alert}})
		}
	}
	slices.SortFunc(all, func(x, y Page) int {
		return cmp.Or(cmp.Compare(x.From, y.From), strings.Compare(x.Alerts[0], y.Alerts[0]))
	})
	return all
}

func severity(l labels.Labels) string { return l.Get("severity") }

func find(w scenario.Window, all []Page) Incident {
	i := Incident{Window: w}
	for _, p := range all {
		if p.From < float64(w.From) && p.To > float64(w.From) {
			i.Masked = true
		}
		if p.From >= float64(w.From) && p.From <= float64(w.Deadline) {
			i.Found, i.Delay = true, p.From-float64(w.From)
			break
		}
	}
	return i
}

func merge(all []Page) []Page {
	var pages []Page
	for _, p := range all {
		n := len(pages)
		if n == 0 || p.From > pages[n-1].To+mergeMinutes {
			pages = append(pages, p)
			continue
		}
		pages[n-1].To = max(pages[n-1].To, p.To)
		pages[n-1].Alerts = append(pages[n-1].Alerts, p.Alerts...)
	}
	for i, p := range pages {
		distinct := map[string]bool{}
		for _, a := range p.Alerts {
			distinct[a] = true
		}
		pages[i].Alerts = slices.Sorted(maps.Keys(distinct))
	}
	return pages
}

// page counts one page that is not due to an incident.
func (r *Result) page(s *scenario.Scenario, p Page) {
	if due(s.Incidents, p) {
		return
	}
	if due(s.Benign, p) {
		r.Benign++
		return
	}
	if p.From < scenario.Week {
		r.FirstWeek++
	}
	if s.Faults.Near(p.From) {
		r.AfterFaults++
	}
	r.False = append(r.False, p)
}

// due reports whether one of the windows explains a page.
func due(windows []scenario.Window, p Page) bool {
	return slices.ContainsFunc(windows, func(w scenario.Window) bool {
		return p.From >= float64(w.From) && p.From <= float64(max(w.To, w.Deadline)+tailMinutes)
	})
}

func cleanDays(s *scenario.Scenario) float64 {
	unclean := make([]bool, s.Minutes)
	for _, w := range slices.Concat(s.Incidents, s.Benign) {
		for m := max(0, w.From); m < min(max(w.To, w.Deadline)+tailMinutes, s.Minutes); m++ {
			unclean[m] = true
		}
	}
	clean := 0
	for _, u := range unclean {
		if !u {
			clean++
		}
	}
	return float64(clean) / scenario.Day
}

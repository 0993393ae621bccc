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

// Package score judges the firings of alerts by what is known of a scenario, and prints tables. Start with Judge.
package score

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/engine"
	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/scenario"
)

const (
	mergeMinutes = 60  // Firings that are no further apart are one page.
	againMinutes = 5   // A group that fires again within so many minutes notifies nobody anew.
	tailMinutes  = 120 // A page that starts so long after an incident's deadline is not false.
)

// Result is what the alerts did in one scenario.
type Result struct {
	Name, Group string
	CleanDays   float64 // Days without incidents and known bulk work.
	Incidents   []Incident
	Pages       Alarms // Of the alerts that page somebody,
	All         Alarms // and of these together with the warnings.
}

// Incident is an incident and what became of it.
type Incident struct {
	scenario.Window
	Paged Detection
	Any   Detection // By a page or a warning.
	// Firings are those of pages from its start to two hours after its deadline: each is a notification, unless the
	// same alert fired less than five minutes before.
	Firings int
}

// Detection is whether, and after how many minutes, an incident was found.
type Detection struct {
	Found bool
	Delay float64
}

// Alarms are those of one set of alerts that no incident explains.
type Alarms struct {
	False      []Page
	Benign     int // Within known bulk work.
	FirstWeek  int // False ones in the first week,
	NearFaults int // and those near outages, restarts and times without Prometheus.
}

// Page is one or several firings that a person sees as one.
type Page struct {
	From, To float64 // In minutes of the scenario.
	Alerts   []string
}

// Judge counts a firing of severity page or warning as finding an incident, and one of severity page as a page. The
// severity is a label of the rule or of its series.
func Judge(s *scenario.Scenario, firings []engine.Firing) Result {
	r := Result{Name: s.Name, Group: s.Group, CleanDays: cleanDays(s)}
	all, pages := spans(s, firings, "page", "warning"), spans(s, firings, "page")
	for _, w := range s.Incidents {
		r.Incidents = append(r.Incidents, Incident{
			Window: w, Paged: find(w, pages), Any: find(w, all), Firings: notifications(w, pages),
		})
	}
	r.Pages, r.All = alarms(s, merge(pages)), alarms(s, merge(all))
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

func find(w scenario.Window, all []Page) Detection {
	for _, p := range all {
		if p.From >= float64(w.From) && p.From <= float64(w.Deadline) {
			return Detection{true, p.From - float64(w.From)}
		}
	}
	return Detection{}
}

func notifications(w scenario.Window, pages []Page) int {
	n, ended := 0, map[string]float64{}
	for _, p := range pages {
		alert := p.Alerts[0]
		end, again := ended[alert]
		if due([]scenario.Window{w}, p) && (!again || p.From >= end+againMinutes) {
			n++
		}
		ended[alert] = max(end, p.To)
	}
	return n
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

func alarms(s *scenario.Scenario, merged []Page) Alarms {
	var a Alarms
	for _, p := range merged {
		switch {
		case due(s.Incidents, p):
			continue
		case due(s.Benign, p):
			a.Benign++
			continue
		}
		if p.From < scenario.Week {
			a.FirstWeek++
		}
		if s.Faults.Near(p.From) {
			a.NearFaults++
		}
		a.False = append(a.False, p)
	}
	return a
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

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
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/engine"
	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/scenario"
)

func firing(alert, severity string, from, to int) engine.Firing {
	return engine.Firing{
		Alert: alert, Labels: labels.FromStrings("severity", severity), From: int64(from) * 60000, To: int64(to) * 60000,
	}
}

func twoIncidents() *scenario.Scenario {
	return &scenario.Scenario{
		Group: "syn", Minutes: 20 * scenario.Day,
		Incidents: []scenario.Window{
			{Kind: "burst500_5m", From: 1000, To: 1005, Deadline: 1035},
			{Kind: "outage_burst50", From: 5000, To: 5005, Deadline: 5200},
		},
		Benign: []scenario.Window{{Kind: "cron-new", From: 9000, To: 9015}},
		Faults: scenario.Faults{Outages: []scenario.Outage{{From: 4990, To: 5110}, {From: 15000, To: 15060}}},
	}
}

func TestIncidentIsFoundBetweenStartAndDeadline(t *testing.T) {
	r := Judge(twoIncidents(), []engine.Firing{
		firing("Small", "warning", 1003, 1010), firing("Big", "page", 1004, 1010), // In time.
		firing("Big", "page", 5201, 5210), // Too late, but no false page.
	})
	first, second := r.Incidents[0], r.Incidents[1]
	if first.Any != (Detection{true, 3}) || first.Paged != (Detection{true, 4}) {
		t.Errorf("first incident: %+v, want found after 3 minutes, and by a page after 4", first)
	}
	if second.Any.Found || len(r.All.False) != 0 {
		t.Errorf("second incident: %+v with %d false pages, want not found, none", second, len(r.All.False))
	}
}

func TestWarningFindsButPagesNobody(t *testing.T) {
	r := Judge(twoIncidents(), []engine.Firing{firing("Small", "warning", 1003, 1010), firing("Small", "warning", 3000, 3001)})
	if i := r.Incidents[0]; !i.Any.Found || i.Paged.Found || len(r.Pages.False) != 0 || len(r.All.False) != 1 {
		t.Errorf("%+v, %d false pages, %d warnings; want found, no page, 0 and 1", i, len(r.Pages.False), len(r.All.False))
	}
}

func TestAlertThatWasFiringBeforeFindsNothing(t *testing.T) {
	r := Judge(twoIncidents(), []engine.Firing{firing("Big", "page", 900, 1100)})
	if i := r.Incidents[0]; i.Any.Found || len(r.Pages.False) != 1 {
		t.Errorf("%+v with %d false pages, want not found and 1", i, len(r.Pages.False))
	}
}

func TestFalsePages(t *testing.T) {
	r := Judge(twoIncidents(), []engine.Firing{
		firing("A", "page", 2000, 2010), firing("B", "page", 2060, 2070), // One page, in the first week.
		firing("A", "page", 9010, 9020),   // Known bulk work.
		firing("A", "page", 15100, 15110), // After an outage.
	})
	if p := r.Pages; len(p.False) != 2 || p.FirstWeek != 1 || p.NearFaults != 1 || p.Benign != 1 {
		t.Errorf("got %+v", r)
	}
	if got, want := r.Pages.False[0].Alerts, []string{"A", "B"}; !slices.Equal(got, want) {
		t.Errorf("alerts %q, want %q", got, want)
	}
}

func TestWarningThatJoinsAPageIsOneAlarm(t *testing.T) {
	r := Judge(twoIncidents(), []engine.Firing{
		firing("Small", "warning", 2000, 2010), firing("Big", "page", 2050, 2060), firing("Small", "warning", 3000, 3010),
	})
	if len(r.Pages.False) != 1 || len(r.All.False) != 2 {
		t.Errorf("%d false pages and %d with warnings, want 1 and 2", len(r.Pages.False), len(r.All.False))
	}
}

func TestFiringsOfAnIncident(t *testing.T) {
	r := Judge(twoIncidents(), []engine.Firing{
		firing("Big", "page", 1002, 1010), firing("Big", "page", 1014, 1020), // The second is no news.
		firing("Small", "warning", 1003, 1010),
		firing("Big", "page", 1025, 1030), firing("Projects", "page", 1155, 1160),
		firing("Big", "page", 1156, 1160), // Later than two hours after the deadline.
	})
	if got := r.Incidents[0].Firings; got != 3 {
		t.Errorf("%d firings, want 3", got)
	}
}

func TestTable(t *testing.T) {
	r := Judge(twoIncidents(), []engine.Firing{
		firing("Small", "warning", 1003, 1010), firing("Big", "page", 1004, 1010),
		firing("Small", "warning", 5001, 5002), firing("A", "page", 2000, 2010), firing("A", "warning", 15000, 15001),
	})
	cleanup := Judge(&scenario.Scenario{Name: "monthly", Group: scenario.Cleanups, Minutes: 20 * scenario.Day}, []engine.Firing{
		firing("Big", "page", 5000, 5010), firing("Small", "warning", 6000, 6010),
	})
	var b strings.Builder
	Table(&b, []Result{r, cleanup})
	const want = `| incident | found (paged), median / p90 min; firings of pages, mean / most |
|---|---|
| burst500_5m | 1/1 = 100.0 % (1 = 100.0 %), 3 / 3; 1.0 / 1 |
| outage_burst50 | 1/1 = 100.0 % (0 = 0.0 %), 1 / 1; 0.0 / 0 |
| inside outages, all kinds | 1/1 = 100.0 % (0 = 0.0 %), 1 / 1; 0.0 / 0 |
| all separable incidents | 2/2 = 100.0 % (1 = 50.0 %), 3 / 3; 0.5 / 1 |
| **pages alone**: found | 1/2 = 50.0 %, 4 / 4 |
| pages alone: false per workspace and 90 days, synthetic | 4.60 (1) |
| pages alone: false per workspace and 90 days, real seasonal | - |
| pages alone: false per workspace and 90 days, real bursty | - |
| **page or warning**: found | 2/2 = 100.0 %, 3 / 3 |
| page or warning: false per workspace and 90 days, synthetic | 9.19 (2) |
| page or warning: false per workspace and 90 days, real seasonal | - |
| page or warning: false per workspace and 90 days, real bursty | - |
| false pages in week 1; near faults | 1; 0 in 0 of 1 workspaces |
| not due to an incident, page; page or warning, monthly | 1; 2 |
`
	if got := b.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

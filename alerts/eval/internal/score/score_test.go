package score

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"asana_exporter/alerts/eval/internal/engine"
	"asana_exporter/alerts/eval/internal/scenario"
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
	if !first.Found || !first.Paged || first.Delay != 3 {
		t.Errorf("first incident: %+v, want found after 3 minutes, and by a page", first)
	}
	if second.Found || len(r.False) != 0 {
		t.Errorf("second incident: %+v with %d false pages, want not found, none", second, len(r.False))
	}
}

func TestWarningFindsButPagesNobody(t *testing.T) {
	r := Judge(twoIncidents(), []engine.Firing{firing("Small", "warning", 1003, 1010), firing("Small", "warning", 3000, 3001)})
	if i := r.Incidents[0]; !i.Found || i.Paged || len(r.False) != 0 || r.Warnings != 1 {
		t.Errorf("%+v, %d false pages, %d warnings; want found, no page, 0 and 1", i, len(r.False), r.Warnings)
	}
}

func TestAlertThatWasFiringBeforeFindsNothing(t *testing.T) {
	r := Judge(twoIncidents(), []engine.Firing{firing("Big", "page", 900, 1100)})
	if i := r.Incidents[0]; i.Found || !i.Masked || len(r.False) != 1 {
		t.Errorf("%+v with %d false pages, want masked and 1", i, len(r.False))
	}
}

func TestFalsePages(t *testing.T) {
	r := Judge(twoIncidents(), []engine.Firing{
		firing("A", "page", 2000, 2010), firing("B", "page", 2060, 2070), // One page, in the first week.
		firing("A", "page", 9010, 9020),   // Known bulk work.
		firing("A", "page", 15100, 15110), // After an outage.
	})
	if len(r.False) != 2 || r.FirstWeek != 1 || r.AfterFaults != 1 || r.Benign != 1 {
		t.Errorf("got %+v", r)
	}
	if got, want := r.False[0].Alerts, []string{"A", "B"}; !slices.Equal(got, want) {
		t.Errorf("alerts %q, want %q", got, want)
	}
}

func TestTable(t *testing.T) {
	r := Judge(twoIncidents(), []engine.Firing{firing("Big", "page", 1004, 1010), firing("A", "page", 2000, 2010)})
	var b strings.Builder
	Table(&b, []Column{{"new.yml", []Result{r}}, {"old.yml", nil}})
	const want = `| found, median / p90 minutes | new.yml | old.yml |
|---|---|---|
| burst500_5m | 1/1 = 100 %, 4 / 4 | - |
| outage_burst50 | 0/1 = 0 % | - |
| bursts of 500 and more | 1/1 = 100 %, 4 / 4 | - |
| inside outages, all kinds | 0/1 = 0 % | - |
| all separable incidents | 1/2 = 50 %, 4 / 4 | - |
| all separable incidents, by pages alone | 1/2 = 50 %, 4 / 4 | - |
| false pages per workspace and 90 days, synthetic | 4.60 (1) | - |
| false pages per workspace and 90 days, real seasonal | - | - |
| false pages per workspace and 90 days, real bursty | - | - |
| warnings for nothing, likewise, synthetic | 0.00 (0) | - |
| warnings for nothing, likewise, real seasonal | - | - |
| warnings for nothing, likewise, real bursty | - | - |
| false pages in week 1; near outages and restarts | 1; 0 | 0; 0 |
`
	if got := b.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

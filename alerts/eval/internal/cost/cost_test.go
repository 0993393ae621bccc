package cost

import (
	"maps"
	"strings"
	"testing"
	"time"

	"asana_exporter/alerts/eval/internal/engine"
)

func TestGroupsAreHurried(t *testing.T) {
	const text = "groups:\n  - name: g\n    interval: 30m\n    rules:\n      - record: interval\n        expr: a # interval: 1m\n"
	if got, want := string(hurried([]byte(text))), strings.Replace(text, "interval: 30m", "interval: 10s", 1); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDurationsAreReadByGroup(t *testing.T) {
	const page = `# TYPE prometheus_rule_group_last_duration_seconds gauge
prometheus_rule_group_last_duration_seconds{rule_group="/tmp/rules.yml;counts"} 0.0125
prometheus_rule_group_last_duration_seconds{rule_group="/tmp/rules.yml;alerts"} 0
prometheus_rule_group_rules{rule_group="/tmp/rules.yml;counts"} 9
`
	if got, want := parse(strings.NewReader(page)), map[string]float64{"counts": .0125}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEvaluationsAreWeighedByTheirInterval(t *testing.T) {
	groups := []engine.Group{{Name: "counts", Rules: 2, Interval: time.Minute}, {Name: "usual", Rules: 3, Interval: 5 * time.Minute}}
	spent := map[string][]float64{"counts": {.3, .1, .2}, "usual": {1}}
	var b strings.Builder
	if err := print(&b, Options{Workspaces: 7}, groups, spent); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"7 workspaces\n",
		"| counts | 2 | 1m0s | 0.200 s | 0.100 s | 0.200 s | 0.100 s |",
		"| usual | 3 | 5m0s | 1.000 s | 1.000 s | 0.200 s | 0.200 s |",
		"| all | | | | | 0.400 s | 0.300 s |",
		"0.7 % of a core, 0.5 % on a machine",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if err := print(&b, Options{}, append(groups, engine.Group{Name: "alerts"}), spent); err == nil {
		t.Error("no error for a group that was never evaluated")
	}
}

func TestEachWorkspaceHasAHistoryOfItsOwn(t *testing.T) {
	store := engine.NewStore()
	for _, name := range []string{"1", "2"} {
		seen := map[string]bool{}
		n := int(name[0] - '0')
		for s := range history(store.All(), n, scrapes.Milliseconds(), 0) {
			seen[s.series.Get("workspace")] = true
		}
		if len(seen) != 1 || !seen[workspace(n)] {
			t.Errorf("workspace %d: samples of %v", n, seen)
		}
	}
}

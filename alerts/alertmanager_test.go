package alerts_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

type inhibition struct {
	Source []string `yaml:"source_matchers"`
	Target []string `yaml:"target_matchers"`
	Equal  []string
}

func readInhibitions(t *testing.T) []inhibition {
	t.Helper()
	var file struct {
		InhibitRules []inhibition `yaml:"inhibit_rules"`
	}
	decode(t, "alertmanager.yml", &file)
	if len(file.InhibitRules) == 0 {
		t.Fatal("there are no inhibitions")
	}
	return file.InhibitRules
}

// matched returns the alerts that a matcher such as alertname=~"A|B" selects.
func matched(t *testing.T, matchers []string, alerts []alert) (names []string) {
	t.Helper()
	for _, a := range alerts {
		if !slices.ContainsFunc(matchers, func(matcher string) bool { return !matches(t, matcher, a) }) {
			names = append(names, a.Name)
		}
	}
	if len(names) == 0 {
		t.Errorf("%q match no alert", matchers)
	}
	return names
}

func matches(t *testing.T, matcher string, a alert) bool {
	t.Helper()
	parts := regexp.MustCompile(`^(\w+)(=~|=)"(.*)"$`).FindStringSubmatch(matcher)
	if parts == nil {
		t.Fatalf("this test does not understand the matcher %s", matcher)
	}
	value := a.Labels[parts[1]]
	if parts[1] == "alertname" {
		value = a.Name
	}
	if parts[2] == "=" {
		return value == parts[3]
	}
	return regexp.MustCompile("^(?:" + parts[3] + ")$").MatchString(value)
}

// A page about deletions is silenced by nothing; a workspace explains nothing about another, nor a replica.
func TestInhibitionsSilenceNoPageAboutDeletions(t *testing.T) {
	alerts := readRules(t).alerts
	for _, rule := range readInhibitions(t) {
		sources, targets := matched(t, rule.Source, alerts), matched(t, rule.Target, alerts)
		want := []string{"workspace"}
		if !slices.ContainsFunc(alerts, func(a alert) bool {
			return !a.tellsOfReplica() && (slices.Contains(sources, a.Name) || slices.Contains(targets, a.Name))
		}) {
			want = append(want, "instance")
		}
		if !slices.Equal(rule.Equal, want) {
			t.Errorf("%q silence %q: equal is %q, want %q", rule.Source, rule.Target, rule.Equal, want)
		}
		for _, target := range targets {
			i := slices.IndexFunc(alerts, func(a alert) bool { return a.Name == target })
			if strings.Contains(target, "Deletion") && alerts[i].Labels["severity"] == "page" {
				t.Errorf("%q silence %s", rule.Source, target)
			}
		}
	}
}

func (a alert) tellsOfReplica() bool {
	return strings.Contains(a.Annotations["summary"], "$labels.instance")
}

// Each warning about deletions that has a page beside it is silenced by that page, and by nothing else.
func TestPagesSilenceTheirOwnWarnings(t *testing.T) {
	alerts := readRules(t).alerts
	silencedBy := map[string][]string{}
	for _, rule := range readInhibitions(t) {
		for _, target := range matched(t, rule.Target, alerts) {
			silencedBy[target] = append(silencedBy[target], matched(t, rule.Source, alerts)...)
		}
	}
	for _, a := range alerts {
		page, small := strings.CutSuffix(a.Name, "Small")
		if !small {
			continue
		}
		want := []string{page}
		if page == "AsanaDeletionBurst" {
			want = append(want, "AsanaDeletionBurstColdStart")
		}
		if got := silencedBy[a.Name]; !slices.Equal(got, want) {
			t.Errorf("%s is silenced by %q, want %q", a.Name, got, want)
		}
	}
}

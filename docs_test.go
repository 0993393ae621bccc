package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"asana_exporter/collector"
)

var update = flag.Bool("update", false, "write the golden files anew")

const metricsReference = "docs/metrics.md"

// The reference is made from what the program really exposes: the families of a demo that ran for a while.
func TestMetricsReferenceIsWhatTheProgramExposes(t *testing.T) {
	families, descs := gatherDemo(t)
	got := reference(families)
	for _, desc := range descs {
		name := regexp.MustCompile(`fqName: "(\w+)"`).FindStringSubmatch(desc)[1]
		if !strings.Contains(got, "| `"+name+"` |") {
			t.Errorf("%s is registered and not exposed", name)
		}
	}
	if *update {
		must(t, os.WriteFile(metricsReference, []byte(got), 0o600))
	}
	want, err := os.ReadFile(metricsReference)
	must(t, err)
	if got != string(want) {
		t.Errorf("%s is not what the program exposes; go test -run %s . -update writes it anew", metricsReference, t.Name())
	}
}

// documentedFamilies are the names on which the dashboards and alerts of others depend.
func documentedFamilies(t *testing.T) (names []string) {
	t.Helper()
	page, err := os.ReadFile(metricsReference)
	must(t, err)
	for _, match := range regexp.MustCompile("(?m)^\\| `(asana_\\w+)`").FindAllSubmatch(page, -1) {
		names = append(names, string(match[1]))
	}
	if len(names) < 20 {
		t.Fatalf("only %q", names)
	}
	return names
}

func TestReadmeExplainsEveryWarning(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	must(t, err)
	warning := regexp.MustCompile(`level\.(?:Warn|Error)\(.*?\)\.Log\("msg", "([^":]+)`)
	var found int
	for _, folder := range []string{".", "client", "collector"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		must(t, err)
		for _, file := range files {
			source, err := os.ReadFile(file)
			must(t, err)
			for _, match := range warning.FindAllSubmatch(source, -1) {
				if found++; !bytes.Contains(readme, slices.Concat([]byte("`"), match[1])) {
					t.Errorf("README.md does not say what to do about %q of %s", match[1], file)
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("found %d warnings only", found)
	}
}

// gatherDemo returns the metric families after some minutes of a simulated workspace, and what the collectors describe.
func gatherDemo(t *testing.T) (families []*dto.MetricFamily, descs []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, _, err := parseFlags([]string{"--demo", "--state.dir", t.TempDir(), "--web.disable-exporter-metrics"}, io.Discard)
		must(t, err)
		demo, err := newDemo(&c)
		must(t, err)
		defer demo.close()
		logs := newLoggers(io.Discard, "error", "logfmt")
		registry := prometheus.NewPedanticRegistry()
		spaces := newWorkspaces(c, demo, registry, logs.kit)
		space := spaces.add(c.workspace)
		must(t, space.open())
		newHandler(c, demo, registry, spaces, logs, func() {})

		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = space.run(ctx) }()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		families, err = registry.Gather()
		must(t, err)
		described := make(chan *prometheus.Desc)
		go func() { registry.Describe(described); close(described) }()
		for desc := range described {
			descs = append(descs, desc.String())
		}
		cancel()
		synctest.Wait()
	})
	return families, descs
}

// reference writes the families as the page that people read.
func reference(families []*dto.MetricFamily) string {
	var page strings.Builder
	page.WriteString(`# Metrics

What the exporter exposes under /metrics. This page is made from the program and checked by its tests
(` + "`go test -run TestMetricsReference . -update`" + ` writes it). A name or a label that changes is a [CHANGE] in CHANGELOG.md.
The metrics of the Go runtime, the process and the handler (` + "`go_*`, `process_*`, `promhttp_*`" + `) are left out here;
--web.disable-exporter-metrics leaves them out there.

- **workspace** is the gid of the workspace; its name is in asana_workspace_info.
- A label that does not apply to an event is empty. Values are Asana's own words, cut at 128 bytes; or "_folded"
  where there are too many.
- No label holds a user, or the gid or the name of a resource.
- asana_events_total and asana_event_delay_seconds appear with the first complete catch-up after a start, all others at once;
  timestamps appear when they are known.
- Counters that survive a restart (asana_events_total, asana_workspace_gap*, asana_exporter_folded_events_total) carry the
  time at which they were at zero, for Prometheus servers that read created timestamps (in protobuf; text has no _created
  lines). The others begin with the process.

| metric | type | labels | meaning |
|---|---|---|---|
`)
	for _, family := range families {
		var labels []string
		for _, metric := range family.GetMetric() {
			for _, pair := range metric.GetLabel() {
				if !slices.Contains(labels, "`"+pair.GetName()+"`") {
					labels = append(labels, "`"+pair.GetName()+"`")
				}
			}
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s |\n",
			family.GetName(), kind(family), strings.Join(labels, ", "), family.GetHelp())
	}
	page.WriteString(`
## Label sets that are there from the start

These series of asana_events_total are exposed at 0 before their first event, so that ` + "`increase()`" + ` sees the first
deletion too. Any other new series is exposed at 0 for --events.zero-first before its value.

| action | resource_type | resource_subtype |
|---|---|---|
`)
	for _, labels := range collector.ZeroSeries() {
		fmt.Fprintf(&page, "| %s | %s | %s |\n", labels.Action, labels.ResourceType, labels.ResourceSubtype)
	}
	return page.String()
}

func kind(family *dto.MetricFamily) string {
	kind := strings.ToLower(family.GetType().String())
	if kind == "histogram" && family.GetMetric()[0].GetHistogram().Schema != nil {
		return "histogram, classic and native"
	}
	return kind
}

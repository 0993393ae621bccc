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

package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/asana-exporter/asana_exporter/collector"
	"github.com/asana-exporter/asana_exporter/simulator"
)

var update = flag.Bool("update", false, "write the golden files anew")

const metricsReference = "docs/metrics.md"

// The tables of the reference are what the program really exposes: the families of a demo that ran for a while.
func TestMetricsReferenceIsWhatTheProgramExposes(t *testing.T) {
	families, descs := gatherDemo(t)
	page, err := os.ReadFile(metricsReference)
	must(t, err)
	got := withTables(string(page), familyTable(families), zeroTable())
	for _, desc := range descs {
		name := regexp.MustCompile(`fqName: "(\w+)"`).FindStringSubmatch(desc)[1]
		if !strings.Contains(got, "| `"+name+"` |") {
			t.Errorf("%s is registered and not exposed", name)
		}
	}
	switch {
	case *update:
		must(t, os.WriteFile(metricsReference, []byte(got), 0o600))
	case got != string(page):
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
	warning := regexp.MustCompile(`(?:level\.(?:Warn|Error)\(.*?\)|leveled)\.Log\("msg", "([^":]+)|\bmsg: "([^":]+)`)
	var found int
	for _, folder := range []string{".", "client", "collector"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		must(t, err)
		for _, file := range files {
			source, err := os.ReadFile(file)
			must(t, err)
			for _, match := range warning.FindAllSubmatch(source, -1) {
				found++
				if text := slices.Concat(match[1], match[2]); !bytes.Contains(readme, append([]byte("`"), text...)) {
					t.Errorf("README.md does not say what to do about %q of %s", text, file)
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("found %d warnings only", found)
	}
}

// Whatever the pages tell people to ask of Asana can be tried on the simulator.
func TestSimulatorAnswersWhatTheDocsAskOfAsana(t *testing.T) {
	t.Parallel()
	asana, asked := simulator.New(simulator.Options{}), 0
	for _, page := range []string{"README.md", "docs/runbook.md"} {
		text, err := os.ReadFile(page)
		must(t, err)
		for _, url := range regexp.MustCompile("https://app.asana.com/api/1.0/[^\\s'`]+").FindAllString(string(text), -1) {
			asked++
			r := httptest.NewRequest(http.MethodGet, strings.TrimSuffix(url, "."), nil)
			r.Header.Set("Authorization", "Bearer token")
			w := httptest.NewRecorder()
			asana.ServeHTTP(w, r)
			if w.Code != http.StatusOK && !strings.Contains(w.Body.String(), "user: Unknown object") {
				t.Errorf("%s: %s is answered with %d: %s", page, url, w.Code, w.Body)
			}
		}
	}
	if asked < 3 {
		t.Errorf("found %d requests only", asked)
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
		spaces := newWorkspaces(c, demo.transport(), registry, logs.kit)
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

// withTables returns a page with other rows in its tables.
func withTables(page string, tables ...string) string {
	return regexp.MustCompile(`(?m)^\|---.*\n(\|.*\n)*`).ReplaceAllStringFunc(page, func(old string) string {
		separator, table := old[:strings.Index(old, "\n")+1], tables[0]
		tables = tables[1:]
		return separator + table
	})
}

func familyTable(families []*dto.MetricFamily) string {
	var table strings.Builder
	for _, family := range families {
		var labels []string
		for _, metric := range family.GetMetric() {
			for _, pair := range metric.GetLabel() {
				if !slices.Contains(labels, "`"+pair.GetName()+"`") {
					labels = append(labels, "`"+pair.GetName()+"`")
				}
			}
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n",
			family.GetName(), kind(family), strings.Join(labels, ", "), family.GetHelp())
	}
	return table.String()
}

func zeroTable() string {
	var table strings.Builder
	for _, labels := range collector.ZeroSeries() {
		fmt.Fprintf(&table, "| %s | %s | %s |\n", labels.Action, labels.ResourceType, labels.ResourceSubtype)
	}
	return table.String()
}

func kind(family *dto.MetricFamily) string {
	kind := strings.ToLower(family.GetType().String())
	if kind == "histogram" && family.GetMetric()[0].GetHistogram().Schema != nil {
		return "histogram, classic and native"
	}
	return kind
}

// The README says how to install this release, not the one before it.
func TestReadmeInstallsThisRelease(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	must(t, err)
	named := regexp.MustCompile(`asana[-_]exporter(?:[-_:]|@v)(\d+\.\d+\.\d+)`).FindAllSubmatch(readme, -1)
	for _, match := range named {
		if string(match[1]) != strings.TrimSpace(release) {
			t.Errorf("README.md has %s, and VERSION %s", match[0], release)
		}
	}
	if len(named) < 5 {
		t.Errorf("README.md names the release %d times only", len(named))
	}
}

// Scripts depend on flags, environment variables and defaults, and docs/compatibility.md says that the README lists them.
func TestReadmeListsEveryFlag(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("README.md")
	must(t, err)
	_, table, _ := strings.Cut(string(page), "\n### Flags\n")
	table, _, _ = strings.Cut(table, "\n### ")
	var c config
	app := kingpin.New("", "")
	c.register(app)
	for _, flag := range app.Model().Flags {
		if flag.Hidden || flag.Name == "help" {
			continue
		}
		row := regexp.MustCompile("(?m)^.*`--" + regexp.QuoteMeta(flag.Name) + "`.*$").FindString(table)
		for _, want := range append(flag.Default, flag.Envar) {
			if row == "" || want != "" && !strings.Contains(row, "`"+want+"`") {
				t.Errorf("README.md does not list --%s with %q", flag.Name, want)
			}
		}
	}
}

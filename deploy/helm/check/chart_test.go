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

package check

import (
	"bytes"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func TestHelmLintPassesWithoutValuesToo(t *testing.T) {
	all := map[string]map[string]any{"no values": nil}
	for _, file := range valueFiles(t) {
		all[file] = values(t, file, "")
	}
	for file, values := range all {
		for _, message := range lint.RunAll(folder, values, "monitoring").Messages {
			if message.Severity > support.InfoSev {
				t.Errorf("%s: %v", file, message)
			}
		}
	}
}

// Helm logs a line for each symbolic link, into the output of every command.
func TestHelmLogsNothing(t *testing.T) {
	var log bytes.Buffer
	old := slog.Default()
	defer slog.SetDefault(old)
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	newRelease(t, values(t, "everything-values.yaml", ""))
	if log.Len() > 0 {
		t.Errorf("%s", log.String())
	}
}

func TestPackageMakesTheSame(t *testing.T) {
	path, err := chartutil.Save(load(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	packed, err := loader.LoadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	everything := values(t, "everything-values.yaml", "")
	want, err := render(load(t), everything)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := render(packed, everything); err != nil || !slices.Equal(got, want) {
		t.Errorf("the package makes something else of the same values: %v", err)
	}
	for _, file := range packed.Raw {
		if strings.HasPrefix(file.Name, "check/") || strings.HasPrefix(file.Name, "ci/") {
			t.Errorf("%s is in the package", file.Name)
		}
	}
}

// The chart is released with the exporter, and its image is the exporter's of the same version.
func TestVersionIsThatOfTheRelease(t *testing.T) {
	release, metadata := strings.TrimSpace(read(t, "../../../VERSION")), load(t).Metadata
	if metadata.Version != release || metadata.AppVersion != release {
		t.Errorf("version %s and appVersion %s, want %s", metadata.Version, metadata.AppVersion, release)
	}
}

// As a dependency of another chart, it gets `global` among its values, and the condition of that chart.
func TestMayBeADependency(t *testing.T) {
	newRelease(t, values(t, "default-values.yaml", "{global: {}, enabled: true}"))
}

func TestDefaultsNeedNoCustomResources(t *testing.T) {
	r := newRelease(t, values(t, "default-values.yaml", ""))
	if len(r.policies) != 0 || len(r.configMaps) != 0 || len(r.monitors) != 0 || len(r.rules) != 0 {
		t.Errorf("%d policies, %d config maps, %d service monitors, %d rules, which nobody asked for",
			len(r.policies), len(r.configMaps), len(r.monitors), len(r.rules))
	}
}

// Names of pods and labels add up to 11 characters to the release name; the limit is 63.
func TestLongNamesFit(t *testing.T) {
	long := strings.Repeat("a-", 26) + "b"
	for _, row := range []struct{ release, values, want string }{
		{"sales", "", "sales-asana-exporter"},
		{"asana-exporter", "", "asana-exporter"},
		{"asana-exporter-2", "", "asana-exporter-2"},
		{long, "", long[:51]},
		{"sales.2026", "", "sales-2026-asana-exporter"}, // Helm takes dots, Services do not.
		{"sales", "nameOverride: asana", "sales-asana"},
		{"sales", "fullnameOverride: " + long, long[:51]},
	} {
		manifests, err := renderAs(row.release, load(t), values(t, "default-values.yaml", row.values))
		if err != nil {
			t.Fatal(err)
		}
		for _, manifest := range manifests {
			var object struct{ Metadata struct{ Name string } }
			if err := yaml.Unmarshal([]byte(manifest), &object); err != nil {
				t.Fatal(err)
			}
			if got := object.Metadata.Name; got != row.want {
				t.Errorf("%s with %q becomes %s, want %s", row.release, row.values, got, row.want)
			}
		}
	}
}

// YAML takes a bare 2026 for a number, which no label and no name may be.
func TestNamesMayBeNumbers(t *testing.T) {
	all := values(t, "default-values.yaml", `{serviceAccount: {name: "17"}, priorityClassName: "18"}`)
	manifests, err := renderAs("2026", load(t), all)
	must(t, err)
	for _, manifest := range manifests {
		switch kind(t, manifest) {
		case "ServiceAccount":
			decode[core.ServiceAccount](t, manifest)
		case "Service":
			decode[core.Service](t, manifest)
		case "StatefulSet":
			decode[apps.StatefulSet](t, manifest)
		}
	}
}

// The notes say what the chart can't do for the user, and name the right Secret.
func TestNotesSayWhatIsLeftToDo(t *testing.T) {
	for _, row := range []struct{ file, want string }{
		{"default-values.yaml", "follows the workspace 1200000000000001. It waits for the Secret asana-token."},
		{"default-values.yaml", "scrape sales-asana-exporter.monitoring.svc:10176 once a minute"},
		{"default-values.yaml", "35 days of samples. Its default of 15 is too short"},
		{"several-workspaces-values.yaml", "each workspace whose gid is a key of the Secret asana-tokens."},
		{"everything-values.yaml", "Prometheus Operator scrapes it every 1m"},
	} {
		if notes := notes(t, values(t, row.file, "")); !strings.Contains(notes, row.want) {
			t.Errorf("%s: want %q in\n%s", row.file, row.want, notes)
		} else if line := regexp.MustCompile(`(?m)^.{161,}$`).FindString(notes); line != "" {
			t.Errorf("%s: too long for a terminal: %s", row.file, line)
		}
	}
}

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
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

const folder = ".." // Of the chart.

func TestMain(m *testing.M) {
	slog.SetLogLoggerLevel(slog.LevelWarn) // Helm logs each link that it follows.
	m.Run()
}

// A release holds the manifests of the chart for some values.
type release struct {
	services     []core.Service
	statefulSets []apps.StatefulSet
	configMaps   []core.ConfigMap
	monitors     []monitoring.ServiceMonitor
	rules        []monitoring.PrometheusRule
}

// eachRelease runs a test with as few values as possible, and with all.
func eachRelease(t *testing.T, test func(t *testing.T, r release)) {
	t.Helper()
	for _, file := range []string{"least.yaml", "everything.yaml"} {
		t.Run(file, func(t *testing.T) { test(t, newRelease(t, values(t, file, ""))) })
	}
}

// newRelease decodes the manifests strictly, as an API server does.
func newRelease(t *testing.T, values map[string]any) (r release) {
	t.Helper()
	manifests, err := render(load(t), values)
	if err != nil {
		t.Fatal(err)
	}
	for _, manifest := range manifests {
		var object struct{ Kind string }
		if err := yaml.Unmarshal([]byte(manifest), &object); err != nil {
			t.Fatalf("%v in\n%s", err, manifest)
		}
		switch object.Kind {
		case "Service":
			r.services = append(r.services, decode[core.Service](t, manifest))
		case "StatefulSet":
			r.statefulSets = append(r.statefulSets, decode[apps.StatefulSet](t, manifest))
		case "ConfigMap":
			r.configMaps = append(r.configMaps, decode[core.ConfigMap](t, manifest))
		case "ServiceMonitor":
			r.monitors = append(r.monitors, decode[monitoring.ServiceMonitor](t, manifest))
		case "PrometheusRule":
			r.rules = append(r.rules, decode[monitoring.PrometheusRule](t, manifest))
		default:
			t.Fatalf("nobody expects the kind %q of\n%s", object.Kind, manifest)
		}
	}
	if len(r.services) != 1 || len(r.statefulSets) != 1 {
		t.Fatalf("%d services and %d stateful sets, want one of each", len(r.services), len(r.statefulSets))
	}
	return r
}

func (r release) pod() core.PodSpec { return r.statefulSets[0].Spec.Template.Spec }

func (r release) container() core.Container { return r.pod().Containers[0] }

// render returns the manifests, each an object, as `helm template` does.
func render(c *chart.Chart, values map[string]any) (manifests []string, err error) {
	return renderAs("sales", c, values)
}

// renderAs is render for a release of another name.
func renderAs(name string, c *chart.Chart, values map[string]any) (manifests []string, err error) {
	options := common.ReleaseOptions{Name: name, Namespace: "monitoring", Revision: 1, IsInstall: true}
	all, err := util.ToRenderValues(c, values, options, nil)
	if err != nil {
		return nil, err
	}
	files, err := engine.Render(c, all)
	if err != nil {
		return nil, err
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(path, "NOTES.txt") {
			continue
		}
		for manifest := range strings.SplitSeq("\n"+files[path], "\n---\n") {
			if manifest = strings.TrimSpace(manifest); manifest != "" {
				manifests = append(manifests, manifest+"\n")
			}
		}
	}
	return manifests, nil
}

func load(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := loader.LoadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// values reads a file of values, and further ones that win.
func values(t *testing.T, file, further string) map[string]any {
	t.Helper()
	return loader.MergeMaps(parse(t, read(t, file)), parse(t, further))
}

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	values, err := common.ReadValues([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func decode[T any](t *testing.T, text string) (object T) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(text), &object); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return object
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

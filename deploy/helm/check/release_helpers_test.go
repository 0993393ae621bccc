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
	"errors"
	"maps"
	"os"
	"path/filepath"
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
	networking "k8s.io/api/networking/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

const folder = ".." // Of the chart.

// A release holds the manifests of the chart for some values.
type release struct {
	services     []core.Service
	statefulSets []apps.StatefulSet
	accounts     []core.ServiceAccount
	policies     []networking.NetworkPolicy
	configMaps   []core.ConfigMap
	monitors     []monitoring.ServiceMonitor
	rules        []monitoring.PrometheusRule
}

// eachRelease runs a test with each file of values in ci/.
func eachRelease(t *testing.T, test func(t *testing.T, r release)) {
	t.Helper()
	for _, file := range valueFiles(t) {
		t.Run(file, func(t *testing.T) { test(t, newRelease(t, values(t, file, ""))) })
	}
}

// valueFiles returns the names of the files in ci/, which chart-testing installs.
func valueFiles(t *testing.T) (names []string) {
	t.Helper()
	for _, path := range glob(t, "../ci/*-values.yaml") {
		names = append(names, filepath.Base(path))
	}
	return names
}

// newRelease decodes the manifests strictly, as an API server does.
func newRelease(t *testing.T, values map[string]any) (r release) {
	t.Helper()
	manifests, err := render(load(t), values)
	if err != nil {
		t.Fatal(err)
	}
	for _, manifest := range manifests {
		switch kind := kind(t, manifest); kind {
		case "Service":
			r.services = append(r.services, decode[core.Service](t, manifest))
		case "StatefulSet":
			r.statefulSets = append(r.statefulSets, decode[apps.StatefulSet](t, manifest))
		case "ServiceAccount":
			r.accounts = append(r.accounts, decode[core.ServiceAccount](t, manifest))
		case "NetworkPolicy":
			r.policies = append(r.policies, decode[networking.NetworkPolicy](t, manifest))
		case "ConfigMap":
			r.configMaps = append(r.configMaps, decode[core.ConfigMap](t, manifest))
		case "ServiceMonitor":
			r.monitors = append(r.monitors, decode[monitoring.ServiceMonitor](t, manifest))
		case "PrometheusRule":
			r.rules = append(r.rules, decode[monitoring.PrometheusRule](t, manifest))
		default:
			t.Fatalf("nobody expects the kind %q of\n%s", kind, manifest)
		}
	}
	if len(r.services) != 1 || len(r.statefulSets) != 1 {
		t.Fatalf("%d services and %d stateful sets, want one of each", len(r.services), len(r.statefulSets))
	}
	return r
}

func kind(t *testing.T, manifest string) string {
	t.Helper()
	var object struct{ Kind string }
	if err := yaml.Unmarshal([]byte(manifest), &object); err != nil {
		t.Fatalf("%v in\n%s", err, manifest)
	}
	return object.Kind
}

func (r release) pod() core.PodSpec { return r.statefulSets[0].Spec.Template.Spec }

func (r release) container() core.Container { return r.pod().Containers[0] }

// several reports whether it follows several workspaces.
func (r release) several() bool {
	return slices.Contains(r.container().Args, "--asana.token-dir=/secrets")
}

// render returns the manifests, each an object, as `helm template` does.
func render(c *chart.Chart, values map[string]any) (manifests []string, err error) {
	return renderAs("sales", c, values)
}

// renderAs is render for a release of another name.
func renderAs(name string, c *chart.Chart, values map[string]any) (manifests []string, err error) {
	files, err := renderFiles(name, c, values)
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

// renderFiles returns what each template gives.
func renderFiles(name string, c *chart.Chart, values map[string]any) (map[string]string, error) {
	options := common.ReleaseOptions{Name: name, Namespace: "monitoring", Revision: 1, IsInstall: true}
	all, err := util.ToRenderValues(c, values, options, nil)
	if err != nil {
		return nil, err
	}
	return engine.Render(c, all)
}

// notes returns what `helm install` prints.
func notes(t *testing.T, values map[string]any) string {
	t.Helper()
	files, err := renderFiles("sales", load(t), values)
	if err != nil {
		t.Fatal(err)
	}
	return files["asana-exporter/templates/NOTES.txt"]
}

func load(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := loader.LoadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// values reads a file of ci/, and further values that win.
func values(t *testing.T, file, further string) map[string]any {
	t.Helper()
	return loader.MergeMaps(parse(t, read(t, filepath.Join("..", "ci", file))), parse(t, further))
}

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	values, err := common.ReadValues([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// decode is as strict as an API server: it takes no number for a text, and no key that is unknown, there twice or in other case.
func decode[T any](t *testing.T, text string) (object T) {
	t.Helper()
	data, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	strict, err := json.UnmarshalStrict(data, &object)
	if err = errors.Join(append(strict, err)...); err != nil {
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

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(paths), err)
	}
	return paths
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

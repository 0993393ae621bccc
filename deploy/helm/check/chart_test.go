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
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"
)

func TestHelmLintPasses(t *testing.T) {
	for _, file := range []string{"least.yaml", "everything.yaml"} {
		for _, message := range lint.RunAll(folder, values(t, file, ""), "monitoring").Messages {
			if message.Severity > support.InfoSev {
				t.Errorf("%s: %v", file, message)
			}
		}
	}
}

// Rules and dashboards are links to the files of the repository; a package must hold what they point to, and no tests.
func TestPackageHoldsRulesAndDashboardsButNoTests(t *testing.T) {
	path, err := chartutil.Save(load(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	packed, err := loader.LoadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	everything := values(t, "everything.yaml", "")
	want, err := render(load(t), everything)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := render(packed, everything); err != nil || !slices.Equal(got, want) {
		t.Errorf("the package makes something else of the same values: %v", err)
	}
	for _, file := range packed.Raw {
		if strings.HasPrefix(file.Name, "check/") {
			t.Errorf("%s is in the package", file.Name)
		}
	}
}

// A user who mistypes a value sees only the error of Helm.
func TestBadValuesAreRefused(t *testing.T) {
	for _, row := range []struct{ values, want string }{
		{`workspace: 1200000000000001`, `at '/workspace': got number, want string`},
		{`workspace: ""`, `at '/workspace': '' does not match pattern '^[0-9]+$'`},
		{`workspace: 1.2e+15 of them`, `at '/workspace': '1.2e+15 of them' does not match pattern '^[0-9]+$'`},
		{`tokenSecret: {token: "0/abc"}`, `at '/tokenSecret': additional properties 'token' not allowed`},
		{`token: "0/abc"`, `at '': additional properties 'token' not allowed`},
		{`image: {tag: 1}`, `at '/image/tag': got number, want string`},
		{`replicas: 2`, `at '': additional properties 'replicas' not allowed`},
		{`replicaCount: 2`, `at '': additional properties 'replicaCount' not allowed`},
		{`extraArgs: [log.level=debug]`, `at '/extraArgs/0': 'log.level=debug' does not match pattern '^--'`},
		{`serviceMonitor: {enabled: "false"}`, `at '/serviceMonitor/enabled': got string, want boolean`},
	} {
		_, err := render(load(t), values(t, "least.yaml", row.values))
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %s", row.values, err, row.want)
		}
	}
}

func TestMissingValueIsNamed(t *testing.T) {
	_, err := render(load(t), nil)
	for _, want := range []string{
		`at '': missing property 'workspace'`,
		`at '/tokenSecret': missing property 'name'`,
		`at '/image': missing properties 'repository', 'tag'`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// As a dependency of another chart, it gets `global` among its values.
func TestMayBeADependency(t *testing.T) {
	newRelease(t, values(t, "least.yaml", "global: {}"))
}

func TestLeastValuesNeedNoCustomResources(t *testing.T) {
	r := newRelease(t, values(t, "least.yaml", ""))
	if len(r.configMaps) != 0 || len(r.monitors) != 0 || len(r.rules) != 0 {
		t.Errorf("%d config maps, %d service monitors, %d rules, which nobody asked for", len(r.configMaps), len(r.monitors), len(r.rules))
	}
}

func TestEachValueArrives(t *testing.T) {
	r := newRelease(t, values(t, "everything.yaml", ""))
	pod, container, claim := r.pod(), r.container(), r.statefulSets[0].Spec.VolumeClaimTemplates[0].Spec
	type arrived struct {
		Image, Secret, Key, Size, Class string
		Registry                        []core.LocalObjectReference
		Args                            []string
		Env                             []core.EnvVar
		Limits                          core.ResourceList
	}
	secret := pod.Volumes[0].Secret
	got := arrived{
		Image: container.Image, Secret: secret.SecretName, Key: secret.Items[0].Key,
		Size: claim.Resources.Requests.Storage().String(), Class: *claim.StorageClassName, Registry: pod.ImagePullSecrets,
		Args: container.Args, Env: container.Env, Limits: container.Resources.Limits,
	}
	proxy := &core.SecretKeySelector{LocalObjectReference: core.LocalObjectReference{Name: "proxy"}, Key: "url"}
	want := arrived{
		Image:  "registry.example.com/asana_exporter:20260131",
		Secret: "secrets-of-asana", Key: "service-account",
		Size: "2Gi", Class: "fast", Registry: []core.LocalObjectReference{{Name: "registry"}},
		Args: []string{
			"--asana.workspace=1200000000000001", "--asana.token-file=/secrets/token", "--state.dir=/data",
			"--log.format=json", "--asana.poll-interval=20s",
		},
		Env:    []core.EnvVar{{Name: "HTTPS_PROXY", ValueFrom: &core.EnvVarSource{SecretKeyRef: proxy}}},
		Limits: core.ResourceList{core.ResourceCPU: resource.MustParse("1"), core.ResourceMemory: resource.MustParse("256Mi")},
	}
	if !equality.Semantic.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if len(r.monitors) != 1 || r.monitors[0].Labels["release"] != "kube-prometheus-stack" {
		t.Errorf("Prometheus does not select %+v", r.monitors)
	}
}

// The rules are those of alerts/, with their templates untouched and none left out.
func TestRulesAreThoseOfTheRepository(t *testing.T) {
	r := newRelease(t, values(t, "everything.yaml", ""))
	if len(r.rules) != 1 {
		t.Fatalf("%d objects of rules", len(r.rules))
	}
	var want monitoring.PrometheusRuleSpec
	for _, path := range glob(t, "../../../alerts/*.yml") {
		var file map[string]any
		if err := yaml.Unmarshal([]byte(read(t, path)), &file); err != nil {
			t.Fatal(err)
		}
		if file["groups"] != nil {
			want.Groups = append(want.Groups, decode[monitoring.PrometheusRuleSpec](t, read(t, path)).Groups...)
		}
	}
	if len(want.Groups) == 0 || !reflect.DeepEqual(r.rules[0].Spec, want) {
		t.Errorf("the chart has other rules than the files of alerts/")
	}
	// The API server takes the name for a key.
	names := map[string]bool{}
	for _, group := range want.Groups {
		if names[group.Name] {
			t.Errorf("two groups are called %s", group.Name)
		}
		names[group.Name] = true
	}
	if got := r.rules[0].Labels["release"]; got != "kube-prometheus-stack" {
		t.Errorf("Prometheus would select by the label release=%q", got)
	}
}

func TestDashboardsAreThoseOfTheRepository(t *testing.T) {
	want := map[string]string{}
	for _, path := range glob(t, "../../../dashboards/*.json") {
		want[filepath.Base(path)] = read(t, path)
	}
	got := map[string]string{}
	for _, c := range newRelease(t, values(t, "everything.yaml", "")).configMaps {
		maps.Copy(got, c.Data)
		if c.Labels["grafana_dashboard"] != "1" {
			t.Errorf("Grafana's sidecar would not find %s", c.Name)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("the chart has other dashboards than the folder: %q and %q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(paths), err)
	}
	return paths
}

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
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
)

// A user who mistypes a value sees only the error of Helm.
func TestBadValuesAreRefused(t *testing.T) {
	for _, row := range []struct{ values, want string }{
		{`workspace: 1200000000000001`, `at '/workspace': got number, want string`},
		{`workspace: 1.2e+15 of them`, `at '/workspace': '1.2e+15 of them' does not match pattern '^[0-9]*$'`},
		{`tokenSecret: {token: "0/abc"}`, `at '/tokenSecret': additional properties 'token' not allowed`},
		{`token: "0/abc"`, `at '': additional properties 'token' not allowed`},
		{`image: {tag: 1}`, `at '/image/tag': got number, want string`},
		{`image: {repository: "registry.example.com/a@sha256:00"}`, `at '/image/repository': 'registry.example.com/a@sha256:00' does not match`},
		{`image: {digest: 4f53cda18c2b}`, `at '/image/digest': '4f53cda18c2b' does not match pattern '^(sha256:[0-9a-f]{64})?$'`},
		{`image: {pullPolicy: always}`, `at '/image/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'`},
		{`replicas: 2`, `at '': additional properties 'replicas' not allowed`},
		{`replicaCount: 2`, `at '': additional properties 'replicaCount' not allowed`},
		{`extraArgs: [log.level=debug]`, `at '/extraArgs/0': 'log.level=debug' does not match pattern '^--'`},
		{`extraEnv: [{name: GOGC, value: 100}]`, `at '/extraEnv/0/value': got number, want string`},
		{`nodeSelector: [linux]`, `at '/nodeSelector': got array, want object`},
		{`tolerations: {key: dedicated}`, `at '/tolerations': got object, want array`},
		{`podAnnotations: {backup: true}`, `at '/podAnnotations/backup': got boolean, want string`},
		{`commonLabels: {cost-center: 17}`, `at '/commonLabels/cost-center': got number, want string`},
		{`podLabels: {team: people and tools}`, `at '/podLabels/team': 'people and tools' does not match pattern`},
		{`fullnameOverride: Asana`, `at '/fullnameOverride': 'Asana' does not match pattern`},
		{`nameOverride: "2026"`, `at '/nameOverride': '2026' does not match pattern`},
		{`serviceAccount: {automount: true}`, `at '/serviceAccount': additional properties 'automount' not allowed`},
		{`state: {size: 1 GB}`, `at '/state/size': '1 GB' does not match pattern`},
		{`state: {retentionPolicy: delete}`, `at '/state/retentionPolicy': value must be one of 'Retain', 'Delete'`},
		{`networkPolicy: {scrapers: []}`, `at '/networkPolicy/scrapers': minItems: got 0, want 1`},
		{`networkPolicy: {ports: [https]}`, `at '/networkPolicy/ports/0': got string, want integer`},
		{`serviceMonitor: {enabled: "false"}`, `at '/serviceMonitor/enabled': got string, want boolean`},
		{`serviceMonitor: {interval: 5m}`, `at '/serviceMonitor/interval': '5m' does not match pattern '^([1-9]|[1-5][0-9]|60)s$|^1m$'`},
		{`prometheusRule: {severities: {page: "a b"}}`, `at '/prometheusRule/severities/page': 'a b' does not match`},
		{`prometheusRule: {grafanaUrl: grafana.example.com}`, `at '/prometheusRule/grafanaUrl': 'grafana.example.com' does not match`},
		{`prometheusRule: {selector: job=asana}`, `at '/prometheusRule/selector': 'job=asana' does not match`},
		{`prometheusRule: {selector: 'job="asana", '}`, `at '/prometheusRule/selector': 'job="asana", ' does not match`},
		{`prometheusRule: {floors: [{kind: burst, value: 3}]}`, `at '/prometheusRule/floors/0': missing property 'severity'`},
		{`prometheusRule: {knobs: {silent_floor: 1h}}`, `at '/prometheusRule/knobs/silent_floor': got string, want number`},
	} {
		refused(t, row.values, row.want)
	}
}

// What a schema would refuse in many lines, or can't know.
func TestValuesThatContradictAreRefused(t *testing.T) {
	const neither = "set workspace and tokenSecret.name, for one workspace, or workspacesSecret.name, for several"
	const both = "set either workspace and tokenSecret.name, for one workspace, or workspacesSecret.name, for several; not both"
	for _, row := range []struct{ values, want string }{
		{`{workspace: "", tokenSecret: {name: ""}}`, neither},
		{`{workspace: ""}`, "workspace is missing: "},
		{`{tokenSecret: {name: ""}}`, "tokenSecret.name is missing: "},
		{`{workspacesSecret: {name: asana-tokens}}`, both},
		{`{workspace: "", workspacesSecret: {name: asana-tokens}}`, both},
		{`{tokenSecret: {name: ""}, workspacesSecret: {name: asana-tokens}}`, both},
		{`extraArgs: ["--log.level=debug", "--web.config.file=/web.yml"]`, "extraArgs: leave out --web.config.file=/web.yml: "},
		{`extraArgs: ["--web.listen-address=:9000"]`, "extraArgs: leave out --web.listen-address=:9000: "},
		{`extraArgs: ["--web.listen-address=127.0.0.1:10176"]`, "extraArgs: leave out --web.listen-address=127.0.0.1:10176: "},
		{`extraArgs: ["--state.dir=/tmp"]`, "extraArgs: leave out --state.dir=/tmp: "},
		{`serviceMonitor: {interval: 30s, scrapeTimeout: 1m}`, "serviceMonitor.scrapeTimeout is 1m, longer than the interval of 30s"},
		{`prometheusRule: {enabled: true, severities: {page: warning}}`, `prometheusRule.severities.page and .warning are both "warning"`},
		{`prometheusRule: {enabled: true, disabled: [AsanaExporter]}`, `prometheusRule.disabled: there is no alert "AsanaExporter"`},
		{`prometheusRule: {enabled: true, knobs: {silent: 1}}`, `prometheusRule.knobs: there is no knob "silent"`},
		{`prometheusRule: {enabled: true, factors: [{kind: comments, severity: page, value: 2}]}`, `no limit of the kind "comments" has the severity "page"`},
	} {
		refused(t, row.values, row.want)
	}
	if _, err := render(load(t), nil); err == nil || !strings.Contains(err.Error(), neither) {
		t.Errorf("without values: %v, want %s", err, neither)
	}
}

// A value of which all is commented out is null, which makes Helm take the default away. The chart does without, or says one line.
func TestNullLeavesNoHole(t *testing.T) {
	const allOn = `{serviceMonitor: {enabled: true}, prometheusRule: {enabled: true}, networkPolicy: {enabled: true}, dashboards: {enabled: true}}`
	c := load(t)
	for _, path := range paths(parse(t, read(t, "../values.yaml")), "") {
		null := path + ": null" + strings.Repeat("}", strings.Count(path, "{"))
		manifests, err := render(c, loader.MergeMaps(values(t, "default-values.yaml", allOn), parse(t, null)))
		if err != nil {
			inOneLine(t, null, err, "missing")
		}
		for _, manifest := range manifests {
			if hasHole(parse(t, manifest)) {
				t.Errorf("%s leaves a hole in\n%s", null, manifest)
			}
		}
	}
}

// paths returns how YAML writes each key, such as `image: {tag`.
func paths(values map[string]any, outer string) (all []string) {
	for name, value := range values {
		all = append(all, outer+name)
		if inner, ok := value.(map[string]any); ok {
			all = append(all, paths(inner, outer+name+": {")...)
		}
	}
	return all
}

// hasHole reports whether something is empty, or a text has what Go's templates print for nothing.
func hasHole(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(value)), hasHole)
	case []any:
		return slices.ContainsFunc(value, hasHole)
	case string:
		return strings.Contains(value, "<nil>")
	}
	return value == nil
}

// refused checks that values make Helm say one line, besides those that name the chart.
func refused(t *testing.T, further, want string) {
	t.Helper()
	_, err := render(load(t), values(t, "default-values.yaml", further))
	if err == nil {
		t.Errorf("%s is accepted", further)
		return
	}
	inOneLine(t, further, err, want)
}

func inOneLine(t *testing.T, further string, err error, want string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(err.Error()) {
		if !strings.Contains(line, "don't meet the specifications of the schema") && line != "asana-exporter:\n" && line != "\n" {
			lines = append(lines, line)
		}
	}
	if len(lines) != 1 || !strings.Contains(lines[0], want) {
		t.Errorf("%s: %q, want one line with %s", further, lines, want)
	}
}

// Each value of the schema is explained in values.yaml, and in one of the files of ci/ it changes the manifests.
func TestEachValueIsDocumentedAndHasAnEffect(t *testing.T) {
	c, documented := load(t), parse(t, read(t, "../values.yaml"))
	for _, path := range leaves(t) {
		if _, found := at(documented, path); !found {
			t.Errorf("%s is not in values.yaml", strings.Join(path, "."))
		}
		if !slices.ContainsFunc(valueFiles(t), func(file string) bool { return changes(t, c, file, path) }) {
			t.Errorf("no file in ci/ shows that %s has an effect", strings.Join(path, "."))
		}
	}
}

// leaves returns the paths of all values of the schema, but for those that Helm adds to a dependency's.
func leaves(t *testing.T) (paths [][]string) {
	t.Helper()
	type schema struct {
		Properties map[string]*schema `json:"properties"`
	}
	var root schema
	if err := json.Unmarshal([]byte(read(t, "../values.schema.json")), &root); err != nil {
		t.Fatal(err)
	}
	delete(root.Properties, "global")
	delete(root.Properties, "enabled")
	var walk func(s *schema, path []string)
	walk = func(s *schema, path []string) {
		if len(s.Properties) == 0 {
			paths = append(paths, path)
		}
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			walk(s.Properties[name], append(slices.Clone(path), name))
		}
	}
	walk(&root, nil)
	return paths
}

// at returns the value at the end of a path.
func at(values map[string]any, path []string) (value any, found bool) {
	value, found = values[path[0]]
	if inner, ok := value.(map[string]any); ok && len(path) > 1 {
		return at(inner, path[1:])
	}
	return value, found && len(path) == 1
}

// changes reports whether the manifests for a file of values are others without one of these.
func changes(t *testing.T, c *chart.Chart, file string, path []string) bool {
	t.Helper()
	all := values(t, file, "")
	if _, found := at(all, path); !found {
		return false
	}
	with, err := render(c, all)
	if err != nil {
		t.Fatal(err)
	}
	inner := all
	for _, name := range path[:len(path)-1] {
		inner = inner[name].(map[string]any)
	}
	delete(inner, path[len(path)-1])
	without, err := render(c, all)
	return err != nil || !slices.Equal(with, without)
}

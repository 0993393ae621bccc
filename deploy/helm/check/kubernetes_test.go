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
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const plain = "../../kubernetes/"

// The plain manifests are the chart's, of a release that follows the workspaces of one Secret.
func TestPlainManifestsAreTheCharts(t *testing.T) {
	all := parse(t, `{workspacesSecret: {name: asana-tokens}, serviceMonitor: {enabled: true}, prometheusRule: {enabled: true}}`)
	manifests, err := renderAs("asana-exporter", load(t), all)
	must(t, err)
	const comment = "# Rendered from deploy/helm: `make chart-copies` writes it anew.\n"
	files := map[string]string{}
	for _, manifest := range manifests {
		path := plain + "exporter.yaml"
		switch kind := kind(t, manifest); kind {
		case "ServiceMonitor", "PrometheusRule":
			path = plain + "operator/" + strings.ToLower(kind) + ".yaml"
		}
		if files[path] == "" {
			files[path] = comment + byHand(manifest)
		} else {
			files[path] += "---\n" + byHand(manifest)
		}
	}
	written(t, files, slices.DeleteFunc(slices.Concat(glob(t, plain+"*.yaml"), glob(t, plain+"operator/*.yaml")), isKustomization))
}

// byHand removes the labels that say that Helm manages an object.
func byHand(manifest string) string {
	return regexp.MustCompile(`(?m)^ *(app\.kubernetes\.io/managed-by|helm\.sh/chart): .*\n`).ReplaceAllString(manifest, "")
}

func isKustomization(path string) bool { return filepath.Base(path) == "kustomization.yaml" }

// Each kustomization names all files beside it.
func TestKustomizationsNameTheManifests(t *testing.T) {
	for _, folder := range []string{plain, plain + "operator/"} {
		found := slices.DeleteFunc(glob(t, folder+"*.yaml"), isKustomization)
		named := decode[struct {
			APIVersion string   `json:"apiVersion"`
			Kind       string   `json:"kind"`
			Resources  []string `json:"resources"`
		}](t, read(t, folder+"kustomization.yaml"))
		for i, name := range named.Resources {
			named.Resources[i] = filepath.Join(folder, name)
		}
		slices.Sort(named.Resources)
		if named.Kind != "Kustomization" || !slices.Equal(named.Resources, found) {
			t.Errorf("%s: %s of %q, there are %q", folder, named.Kind, named.Resources, found)
		}
	}
}

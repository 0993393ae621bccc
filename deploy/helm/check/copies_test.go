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
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write the chart's copies and the plain manifests anew")

// ruleFiles are the files of alerts/ that Prometheus loads.
func ruleFiles() []string { return []string{"deletions.yml", "exporter.yml", "recording.yml"} }

// A chart can't hold links out of its folder without Helm logging each, so it has copies.
func TestCopiesAreTheFilesOfTheRepository(t *testing.T) {
	want := map[string]string{}
	for _, name := range ruleFiles() {
		want["../rules/"+name] = read(t, "../../../alerts/"+name)
	}
	for _, path := range glob(t, "../../../dashboards/*.json") {
		want["../dashboards/"+filepath.Base(path)] = read(t, path)
	}
	written(t, want, slices.Concat(glob(t, "../rules/*"), glob(t, "../dashboards/*")))
}

// written checks that files are there as they should be, and no others. With -update it makes it so.
func written(t *testing.T, want map[string]string, found []string) {
	t.Helper()
	for _, path := range found {
		if _, wanted := want[path]; wanted {
			continue
		}
		if !*update {
			t.Errorf("%s is a copy of nothing", path)
		} else if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for path, text := range want {
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%s is out of date, `make chart-copies` writes it anew: %v", path, err)
		}
	}
}

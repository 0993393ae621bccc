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
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/grafana/dashboard-linter/lint"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// exceptions are argued in this file, and nowhere else. It is also where dashboard-linter itself looks for it.
const exceptions = "../.lint"

// Every field and every option of every panel is one that Grafana knows, and none is missing that it needs.
func TestSchema(t *testing.T) {
	plugins.RegisterDefaultPlugins()
	for _, file := range files(t) {
		//nolint:staticcheck // It is deprecated for a schema that Grafana 11 does not read.
		var d dashboard.Dashboard
		if err := d.UnmarshalJSONStrict(read(t, file)); err != nil && err.Error() != "" { // An empty list of errors is an error, too.
			t.Errorf("%s: %v", file, err)
		}
	}
}

// The linter has nothing to say but what .lint argues away.
func TestLinter(t *testing.T) {
	config := lint.NewConfigurationFile()
	if err := config.Load(exceptions); err != nil {
		t.Fatal(err)
	}
	for _, file := range files(t) {
		d, err := lint.NewDashboard(read(t, file))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		rules := lint.NewRuleSet()
		results, err := rules.Lint([]lint.Dashboard{d})
		if err != nil {
			t.Fatal(err)
		}
		results.Configure(config)
		if results.MaximumSeverity() >= lint.Warning {
			results.ReportByRule()
			t.Errorf("%s: the linter complains, see above", file)
		}
	}
}

func files(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../*.json")
	if err == nil && len(files) != 3 {
		err = fmt.Errorf("there are %d dashboards", len(files))
	}
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

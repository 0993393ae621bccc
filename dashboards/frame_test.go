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
	"regexp"
	"strings"
	"testing"
)

// Grafana writes a series as text, without escaping anything, and takes what the regular expression finds.
func TestWorkspacesAreChosenByName(t *testing.T) {
	pattern := regexp.MustCompile(strings.Trim(workspaces().Regex, "/"))
	for _, row := range []struct{ series, text, value string }{
		{`{name="Example Company",workspace="1200000000000001"} 1 1700000000000`, "Example Company", "1200000000000001"},
		{`{name="The "best", by far",workspace="12"} 1 1700000000000`, `The "best", by far`, "12"},
		{`{workspace="12"} 1 1700000000000`, "", "12"}, // Grafana then shows the value.
	} {
		match := pattern.FindStringSubmatch(row.series)
		if match == nil {
			t.Fatalf("%s: nothing is found", row.series)
		}
		if text, value := match[pattern.SubexpIndex("text")], match[pattern.SubexpIndex("value")]; text != row.text || value != row.value {
			t.Errorf("%s: %q stands for %q", row.series, text, value)
		}
	}
}

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
	"fmt"
	"strings"
)

// Queries in annotations, in the language of Go's templates.
const (
	// name is the workspace's name, or its gid while that is unknown.
	name = `{{ with query (printf "last_over_time(asana_workspace_info{workspace=%q, name!=''}[2d])" $labels.workspace) }}` +
		`{{ . | first | label "name" }}{{ else }}{{ $labels.workspace }}{{ end }}`
	count = `{{ $value | printf "%.0f" }}`
)

// value prints the result of a query about the workspace, which has one %q for its gid, or else the text instead.
func value(query, format, instead string) string {
	return fmt.Sprintf(`{{ with query (printf %q $labels.workspace) }}{{ . | first | value | %s }}{{ else }}%s{{ end }}`,
		query, format, instead)
}

// ifAny prints the text if the query about the workspace has a result.
func ifAny(query, text string) string {
	return fmt.Sprintf(`{{ with query (printf %q $labels.workspace) }}%s{{ end }}`, query, text)
}

// annotated gives an alert its texts and the address of its section in the runbook.
func (o options) annotated(r rule, summary string, sentences ...string) rule {
	r.annotations = [][2]string{
		{"summary", summary},
		{"description", strings.Join(sentences, "\n")},
		{"runbook_url", o.runbook + "#" + strings.ToLower(r.alert)},
	}
	return r
}

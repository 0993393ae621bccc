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

// vmalert shows a rule what others of its group recorded an interval ago, and by default nothing that is five minutes old. So in slow
// groups they are read over a range, and never by a plain selector.
func TestSlowGroupsReadTheirOwnSeriesOverARange(t *testing.T) {
	for _, f := range files(defaults()) {
		for _, g := range f.groups {
			if g.interval == "1m" {
				continue
			}
			for _, read := range g.rules {
				for _, r := range g.rules {
					for _, found := range regexp.MustCompile(regexp.QuoteMeta(r.record)+`(\{[^}]*\})?([^:\w{]|$)`).FindAllString(read.expr, -1) {
						if !strings.HasSuffix(found, "[") {
							t.Errorf("%s: %s reads %s", g.name, read.record, found)
						}
					}
				}
			}
		}
	}
}

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

package collector

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/asana-exporter/asana_exporter/client"
)

func TestLabelValueIsShortAndValid(t *testing.T) {
	long := strings.Repeat("a", maxLabelBytes)
	for _, test := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"ordinary", "default_task", "default_task"},
		{"as long as may be", long, long},
		{"one byte too long", long + "b", long},
		{"a rune across the limit", long[1:] + "é", long[1:]},
		{"a rune of four bytes across the limit", long[3:] + "🦊", long[3:]},
		{"a rune up to the limit", long[2:] + "é!", long[2:] + "é"},
		{"invalid UTF-8", "ta\xffsk", "ta\uFFFDsk"},
		{"a rune that breaks off", "task\xf0\x9f\xa6", "task\uFFFD"},
		{"longer once it is repaired", strings.Repeat("a", maxLabelBytes-1) + "\xff", strings.Repeat("a", maxLabelBytes-1)},
		{"what stands for folded", "_folded", ""},
		{"nearly that", "_folded_", "_folded_"},
	} {
		if got := labelValue(test.in); got != test.want {
			t.Errorf("%s: labelValue(%q) = %q, want %q", test.name, test.in, got, test.want)
		}
	}
}

func TestEveryLabelIsDecidedByClassify(t *testing.T) {
	bad := "\xff" + strings.Repeat("é", maxLabelBytes)
	got := classify(client.Event{
		Action: bad + "1", ResourceType: bad + "2", ResourceSubtype: bad + "3", ChangeField: bad + "4", ParentType: bad + "5",
	})
	for _, value := range []string{got.Action, got.ResourceType, got.ResourceSubtype, got.ChangeField, got.ParentType} {
		if !utf8.ValidString(value) || len(value) > maxLabelBytes || len(value) < maxLabelBytes-3 {
			t.Errorf("label value %q of %d bytes", value, len(value))
		}
	}
	got = classify(client.Event{
		Action: "changed", ResourceType: "task", ResourceSubtype: "milestone", ChangeField: "due_on", ParentType: "project",
	})
	if want := (Labels{"changed", "task", "milestone", "due_on", "project"}); got != want {
		t.Errorf("classify: %+v, want %+v", got, want)
	}
}

func TestFoldKeepsWhatIsDocumented(t *testing.T) {
	for _, test := range []struct{ in, want Labels }{
		{
			Labels{"deleted", "task", "default_task", "", ""},
			Labels{"deleted", "task", "_folded", "_folded", "_folded"},
		},
		{
			Labels{"changed", "dragon", "red", "name", ""},
			Labels{"changed", "_folded", "_folded", "_folded", "_folded"},
		},
		{
			Labels{"conjured", "task", "", "", "project"},
			Labels{"_folded", "task", "_folded", "_folded", "_folded"},
		},
		{
			Labels{},
			Labels{"_folded", "_folded", "_folded", "_folded", "_folded"},
		},
	} {
		got := test.in.fold()
		if got != test.want || !got.isFolded() || test.in.isFolded() || got.fold() != got {
			t.Errorf("%+v folds to %+v, want %+v", test.in, got, test.want)
		}
	}
	for _, known := range ZeroSeries() {
		got := known.fold()
		if got.Action != known.Action || got.ResourceType != known.ResourceType {
			t.Errorf("%+v folds to %+v: its action and its type should stay", known, got)
		}
	}
}

func TestKnownSetsAreCompleteAndUnique(t *testing.T) {
	deleted := map[string][]string{
		"task": {"", "default_task", "milestone", "approval", "custom"}, "project": {""}, "section": {""}, "tag": {""},
		"attachment": {"", "asana", "external"}, "portfolio": {""}, "team": {""}, "goal": {""}, "project_template": {""},
	}
	known := ZeroSeries()
	for resource, subtypes := range deleted {
		for _, subtype := range subtypes {
			if want := (Labels{Action: "deleted", ResourceType: resource, ResourceSubtype: subtype}); !slices.Contains(known, want) {
				t.Errorf("%+v is not known", want)
			}
		}
	}
	seen := map[Labels]bool{}
	for _, labels := range known {
		switch {
		case seen[labels]:
			t.Errorf("%+v twice", labels)
		case labels.ResourceType == "story":
			t.Errorf("%+v can't occur: stories are removed, never deleted", labels)
		case labels.ParentType != "" || labels.ChangeField != "":
			t.Errorf("%+v can't occur: parents come with added and removed, fields with changed", labels)
		case labels.Action != "deleted" && labels.Action != "undeleted":
			t.Errorf("%+v can't be complete: its event has a parent or a field", labels)
		case !slices.Contains(documentedTypes(), labels.ResourceType):
			t.Errorf("%+v is of no documented type", labels)
		}
		seen[labels] = true
		event := client.Event{Action: labels.Action, ResourceType: labels.ResourceType, ResourceSubtype: labels.ResourceSubtype}
		if got := classify(event); got != labels {
			t.Errorf("its event counts as %+v, not as %+v", got, labels)
		}
	}
}

func TestDocumentedNamesAreSortedAndUnique(t *testing.T) {
	for _, names := range [][]string{documentedActions(), documentedTypes()} {
		if want := slices.Compact(slices.Sorted(slices.Values(names))); !slices.Equal(names, want) {
			t.Errorf("%q, want %q", names, want)
		}
	}
}

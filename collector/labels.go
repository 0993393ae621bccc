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
	"unicode/utf8"

	"github.com/asana-exporter/asana_exporter/client"
)

// Labels are the labels of asana_events_total without the workspace. A label that does not apply is empty.
type Labels struct {
	Action          string `json:"action,omitzero"`
	ResourceType    string `json:"resource_type,omitzero"`
	ResourceSubtype string `json:"resource_subtype,omitzero"`
	ChangeField     string `json:"change_field,omitzero"`
	ParentType      string `json:"parent_type,omitzero"`
}

// folded replaces label values beyond the limit on series.
const folded = "_folded"

// maxLabelBytes is far above the longest value that Asana documents.
const maxLabelBytes = 128

// classify returns the labels under which an event is counted.
func classify(e client.Event) Labels {
	return Labels{
		Action:          labelValue(e.Action),
		ResourceType:    labelValue(e.ResourceType),
		ResourceSubtype: labelValue(e.ResourceSubtype),
		ChangeField:     labelValue(e.ChangeField),
		ParentType:      labelValue(e.ParentType),
	}
}

// labelValue returns s as valid UTF-8 of whole runes and at most maxLabelBytes bytes. It returns "" for folded, which no event may
// claim.
func labelValue(s string) string {
	if s == folded {
		return ""
	}
	if s = strings.ToValidUTF8(s, "\uFFFD"); len(s) <= maxLabelBytes {
		return s
	}
	end := maxLabelBytes
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return strings.Clone(s[:end]) // A clone: the long string can be freed.
}

// fold returns the label set that counts an event beyond the limit on series. It keeps documented actions and types, so a
// deletion stays a deletion.
func (l Labels) fold() Labels {
	known := func(value string, documented []string) string {
		if slices.Contains(documented, value) {
			return value
		}
		return folded
	}
	return Labels{
		Action:          known(l.Action, documentedActions()),
		ResourceType:    known(l.ResourceType, documentedTypes()),
		ResourceSubtype: folded, ChangeField: folded, ParentType: folded,
	}
}

func (l Labels) isFolded() bool { return l.ResourceSubtype == folded && l.ParentType == folded }

// documentedActions are the actions of https://developers.asana.com/reference/events.
func documentedActions() []string {
	return []string{"added", "changed", "deleted", "removed", "undeleted"}
}

// documentedTypes are the resource types of https://developers.asana.com/reference/rest-api-reference. The set is open: other
// types are counted like these, until there are too many series.
func documentedTypes() []string {
	return []string{
		"access_request", "allocation", "attachment", "budget", "custom_field", "custom_field_setting", "custom_type",
		"enum_option", "goal", "goal_membership", "goal_relationship", "job", "membership", "organization_export",
		"portfolio", "portfolio_membership", "project", "project_brief", "project_membership", "project_status",
		"project_template", "rate", "reaction", "section", "status_update", "story", "tag", "task", "task_template",
		"team", "team_membership", "time_period", "time_tracking_category", "time_tracking_entry", "timesheet_approval_status",
		"user", "user_task_list", "webhook", "workspace", "workspace_membership",
	}
}

// ZeroSeries returns the label sets that are exposed at 0 from the start, so that increase() sees the first deletion. Each is
// the whole label set of an event. Sets that can't occur, or whose subtype is unknown, are left out: they would stay at 0.
// See the table in https://developers.asana.com/docs/webhooks-guide for which resources are deleted and restored.
func ZeroSeries() []Labels {
	subtypes := map[string][]string{
		"task":       {"approval", "custom", "default_task", "milestone"},
		"attachment": {"asana", "box", "dropbox", "external", "gdrive", "onedrive", "vimeo"},
	}
	types := map[string][]string{
		"deleted":   {"attachment", "goal", "portfolio", "project", "project_template", "section", "tag", "task", "team"},
		"undeleted": {"attachment", "project", "section", "tag", "task"},
	}
	var known []Labels
	for _, action := range []string{"deleted", "undeleted"} {
		for _, resource := range types[action] {
			for _, subtype := range append([]string{""}, subtypes[resource]...) {
				known = append(known, Labels{Action: action, ResourceType: resource, ResourceSubtype: subtype})
			}
		}
	}
	return known
}

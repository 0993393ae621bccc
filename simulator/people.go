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

package simulator

import (
	"net/http"
	"net/url"
	"slices"
)

// user answers with one of the people who work here. Their gids and names depend on the seed alone.
func (s *Simulator) user(gid string, query url.Values) reply {
	if name := unknown(query, "opt_fields", "opt_pretty"); name != "" {
		return refuse(http.StatusBadRequest, name+": Unknown parameter")
	}
	i := slices.IndexFunc(s.people, func(r *Resource) bool { return r.GID == gid })
	if i < 0 {
		return refuse(http.StatusNotFound, "user: Unknown object: "+gid)
	}
	user := s.people[i]
	return answerJSON(http.StatusOK, map[string]any{"data": map[string]any{
		"gid":           user.GID,
		"resource_type": "user",
		"name":          user.Name,
		"email":         email(user),
		"photo":         nil,
		"workspaces":    []map[string]any{s.compact()},
	}})
}

func email(user *Resource) string { return user.GID + "@example.com" }

// compact returns the workspace as others refer to it.
func (s *Simulator) compact() map[string]any {
	return map[string]any{"gid": s.options.Workspace, "resource_type": "workspace", "name": s.options.Name}
}

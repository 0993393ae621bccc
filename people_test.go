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
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// A workspace full of people and their things: none of them is in anything that the program writes, but gids in lines that
// --events.log asks for.
func TestPeopleAreNotWritten(t *testing.T) {
	t.Parallel()
	gids, names := regexp.MustCompile(`(12888888|12999999)\d{8}`), regexp.MustCompile(`(?i)marker`)
	for _, row := range []struct {
		name  string
		flags []string
		gids  map[string]bool // That are wanted in the log.
	}{
		{"without the event log", nil, nil},
		{"with it", []string{"--events.log", "deleted"}, map[string]bool{"1299999900000001": true, "1288888800000001": true, "1288888800000002": true}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			asana, dir := simulator.New(simulator.Options{Name: "Example", Token: testToken}), t.TempDir()
			asana.Freeze()
			server := httptest.NewServer(asana)
			t.Cleanup(server.Close)
			p := spawn(t, "", append(following(t, server.URL, "--state.dir", dir, "--log.level", "debug"), row.flags...)...)
			address := p.address(t)
			eventually(t, "the first catch-up", func() bool { return statusOf(t, "http://"+address+"/-/ready") == http.StatusOK })
			thing := func(gid, kind string) *simulator.Resource {
				return &simulator.Resource{GID: gid, Type: kind, Name: "Marker " + gid}
			}
			asana.Add(
				simulator.Event{Action: "deleted", User: thing("1299999900000001", "user"), Resource: thing("1288888800000001", "task"), Parent: thing("1288888800000002", "project")},
				simulator.Event{Action: "added", User: thing("1299999900000002", "user"), Resource: thing("1288888800000003", "task")},
			)
			p.stderr.awaitFrom(t, 0, `page counted" events=2`)
			places := written(t, p, 0, address, dir)
			wantStop(t, p, syscall.SIGTERM)
			maps.Copy(places, written(t, p, 0, "", dir))
			for place, text := range places {
				if names.MatchString(text) {
					t.Errorf("a name is in %s", place)
				}
				found := map[string]bool{}
				for _, gid := range gids.FindAllString(text, -1) {
					found[gid] = true
				}
				want := map[string]bool{}
				if place == "stderr" {
					want = row.gids
				}
				if !maps.Equal(found, want) {
					t.Errorf("in %s: %v, want %v", place, found, want)
				}
			}
			if !strings.Contains(places["/metrics as text/plain"], `asana_workspace_active_users{window="1h",workspace="`+testWorkspace+`"} `) {
				t.Error("no active users are exposed")
			}
			if _, ok := places["file "+testWorkspace+".users"]; !ok {
				t.Error("the file of active users was not looked at")
			}
		})
	}
}

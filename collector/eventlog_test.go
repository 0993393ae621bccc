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
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/asana-exporter/asana_exporter/client"
)

// eventLines returns what is logged of events at a time, with the counter of what is not.
func eventLines(actions []string, events []client.Event, times ...time.Time) (lines string, dropped float64) {
	var out bytes.Buffer
	l := eventLog{actions: actions, logger: log.NewLogfmtLogger(&out), dropped: prometheus.NewCounter(prometheus.CounterOpts{Name: "x_total", Help: "x"})}
	for _, now := range times {
		l.write(events, now)
	}
	return out.String(), testutil.ToFloat64(l.dropped)
}

func TestEventIsLoggedWithGIDs(t *testing.T) {
	lines, _ := eventLines([]string{"deleted"}, []client.Event{{
		Action: "deleted", ResourceType: "task", ResourceSubtype: "default_task", ParentType: "project", ChangeField: "x y",
		CreatedAt: at(-time.Minute), UserGID: "11", ResourceGID: "21", ParentGID: "31",
	}, {Action: "deleted", ResourceType: strings.Repeat("x", 200) + "\n"}}, at(0))
	wantEqual(t, "lines", lines, `level=info msg=event action=deleted resource_type=task resource_subtype=default_task resource_gid=21 parent_type=project parent_gid=31 change_field="x y" user_gid=11 created_at=1999-12-31T23:59:00Z counted_at=2000-01-01T00:00:00Z
level=info msg=event action=deleted resource_type=`+strings.Repeat("x", 128)+` resource_subtype= resource_gid= parent_type= parent_gid= change_field= user_gid= created_at= counted_at=2000-01-01T00:00:00Z
`)
}

func TestEventsOfOtherActionsAreNotLogged(t *testing.T) {
	events := []client.Event{{Action: "added"}, {Action: "deleted"}, {Action: "removed"}, {Action: "new"}}
	for _, test := range []struct{ actions, want string }{
		{"", ""},
		{"deleted", "deleted"},
		{"deleted removed", "deleted removed"},
		{"all", "added deleted removed new"},
	} {
		lines, dropped := eventLines(strings.Fields(test.actions), events, at(0))
		var got []string
		for line := range strings.Lines(lines) {
			got = append(got, strings.TrimPrefix(strings.Fields(line)[2], "action="))
		}
		if strings.Join(got, " ") != test.want || dropped != 0 {
			t.Errorf("%q: logged %q, %v dropped", test.actions, got, dropped)
		}
	}
}

func TestEventLogIsBounded(t *testing.T) {
	many := events(700, at(0))
	lines, dropped := eventLines([]string{"all"}, many, at(0), at(time.Millisecond), at(999*time.Millisecond), at(time.Second))
	if n := strings.Count(lines, "msg=event "); n != 1700 || dropped != 1100 {
		t.Errorf("%d lines in two seconds, %v dropped", n, dropped)
	}
}

// Whoever reads the log has to see that it is not complete: at the first drop, once a minute while it goes on, and at the end.
func TestDroppedEventsAreMentioned(t *testing.T) {
	warning := func(events string) string {
		return `level=warn msg="events not logged: more than 1000 in a second" events=` + events + "\n"
	}
	for _, row := range []struct {
		name   string
		bursts []int
		length time.Duration
		want   []string
	}{
		{"it goes on", []int{1000, 1007, 1020, 1, 1300, 1, 1, 1, 1, 1, 1001}, 5 * time.Minute, []string{warning("7"), warning("320"), warning("1")}},
		{"it is stopped", []int{1007, 1020}, 30 * time.Second, []string{warning("7"), warning("20")}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lines bytes.Buffer
				var pages []client.Page
				for _, n := range row.bursts {
					pages = append(pages, client.Page{Events: slices.Repeat([]client.Event{by("a", "deleted", at(0))}, n)})
				}
				r := newRig(t, following(), Options{Interval: 20 * time.Second, Logger: log.NewLogfmtLogger(&lines), LogActions: []string{"deleted"}}, stream(pages...))
				r.run(row.length)
				var got []string
				for line := range strings.Lines(lines.String()) {
					if strings.HasPrefix(line, "level=warn") {
						got = append(got, line)
					}
				}
				wantEqual(t, "other lines", got, row.want)
			})
		})
	}
}

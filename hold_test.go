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
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// The backlog gauges mute alerts for 20 minutes after a backlog was shown. Neither the way in which the process ends nor an
// outage of Asana during the next processes shortens that.
func TestBacklogIsHeldOverRestarts(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			asana, url := newAsana(t, simulator.Options{})
			dir := t.TempDir()
			args := following(t, url, "--state.dir", dir, "--asana.poll-interval", "10s") // No second commit before the end.
			rest(t, dir, 2*time.Hour, args...)
			asana.Add(deletions(5)...)
			p := spawn(t, "", args...)
			shown := backlogGauges{}
			eventually(t, "a backlog of two hours", func() bool { shown = backlogOf(t, p); return shown.seconds >= 7200 })
			check := func(when string) {
				if now := backlogOf(t, p); now.seconds < shown.seconds || now.deleted < shown.deleted {
					t.Errorf("%s: backlog gauges were %+v and are %+v", when, shown, now)
				}
			}
			restart := func() {
				p.signal(t, signal)
				p.exit(t)
				p = spawn(t, "", args...)
			}
			asana.Outage(time.Hour, false)
			for _, when := range []string{"in an outage", "still in the outage"} {
				restart()
				p.stderr.await(t, `poll failed`)
				check(when)
			}
			asana.Outage(0, false)
			restart()
			eventually(t, "all deletions", func() bool { return samples(t, p.address(t))[deletedTasks] == 5 })
			check("after the outage")
		})
	}
}

// rest runs the program until its first catch-up is complete, and makes its state look as if that was so long ago.
func rest(t *testing.T, dir string, slept time.Duration, args ...string) {
	t.Helper()
	p := spawn(t, "", args...)
	eventually(t, "the first catch-up", func() bool { return statusOf(t, "http://"+p.address(t)+"/-/ready") == http.StatusOK })
	wantStop(t, p, syscall.SIGTERM)
	if !oversleep(t, dir, slept) {
		t.Fatal("no state on disk")
	}
}

// backlogGauges are the gauges that tell alerts of a backlog.
type backlogGauges struct{ seconds, deleted float64 }

func backlogOf(t *testing.T, p *process) backlogGauges {
	t.Helper()
	values := samples(t, p.address(t))
	const deleted = `asana_workspace_backlog_peak_events{action="deleted",resource_type="",window="15m",workspace="` + testWorkspace + `"}`
	return backlogGauges{total(values, "asana_workspace_backlog_seconds{"), values[deleted]}
}

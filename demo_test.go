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
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// Whoever looks need not wait for the next incident.
func TestDemoBringsAnIncidentOnDemand(t *testing.T) {
	t.Parallel()
	address, _ := within(t, "--demo", "--web.listen-address", "127.0.0.1:0", "--events.zero-first", "0s")
	eventually(t, "the first catch-up", func() bool { return statusOf(t, "http://"+address+"/-/ready") == http.StatusOK })
	response, err := http.Post("http://"+address+"/control/incident?n=700", "", nil)
	must(t, err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatal(response.Status)
	}
	eventually(t, "the incident", func() bool {
		return total(samples(t, address), `asana_events_total{action="deleted"`) >= 700
	})
}

// Whatever ends the demo, nothing of it is left. Others than this machine reach it only if that is asked for.
func TestDemoRemovesItsFolderOnEverySignal(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{
		syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGINT, syscall.SIGTERM, syscall.SIGABRT, syscall.SIGALRM,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGXCPU,
	} {
		temp := t.TempDir()
		p := spawnIn(t, "", []string{"TMPDIR=" + temp}, "--demo", "--web.listen-address", "127.0.0.1:0")
		p.address(t)
		wantStop(t, p, signal)
		if files, err := os.ReadDir(temp); err != nil || len(files) != 0 {
			t.Errorf("%s: left behind: %v, %v", signal, files, err)
		}
	}
}

// The demo has defaults of its own, of which the state file never is a workspace's: who only looks must lose nothing.
func TestDemoChangesDefaultsOnly(t *testing.T) {
	t.Parallel()
	own := []string{"1200000000000001", "demo-1200000000000001", "1s", "5s", "127.0.0.1:10176"}
	given := []string{"12", "demo-12", "10s", "0s", ":10177"}
	for _, row := range []struct{ args, want []string }{
		{[]string{"--demo"}, own},
		{[]string{
			"--demo", "--asana.workspace=12", "--asana.poll-interval=10s", "--events.zero-first=0s", "--web.listen-address=:10177", "--state.dir=here",
		}, given},
	} {
		c, _, err := parseFlags(row.args, io.Discard)
		must(t, err)
		demo, err := newDemo(&c)
		must(t, err)
		demo.close()
		got := []string{c.workspace, c.stateName(), c.pollInterval.String(), c.zeroFirst.String(), strings.Join(*c.web.WebListenAddresses, " ")}
		if !slices.Equal(got, row.want) || (c.stateDir == "here") != (len(row.args) > 1) {
			t.Errorf("%q gives %q and %s, want %q", row.args, got, c.stateDir, row.want)
		}
	}
}

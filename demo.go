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
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/asana-exporter/asana_exporter/client"
	"github.com/asana-exporter/asana_exporter/simulator"
)

const (
	demoFirstIncident = 90 * time.Second // From the start.
	demoIncidentEvery = 30 * time.Minute // Twice the window of the counts: they are low in between. The alert fires on.
	demoIncidentSize  = 800              // Tasks deleted, where sixty at night and 170 at work are usual in that window.
	demoTokenLife     = 15 * time.Minute // Shorter than Asana's, so that the simulator keeps fewer events.
)

// A demo is a simulated workspace, with a temporary folder for its token and its state.
type demo struct {
	asana *simulator.Simulator
	dir   string
}

// stopOnSignals returns a context that also ends on further signals that can be caught, so that the demo's folder is removed.
// A closed terminal sends SIGHUP, and the demo ends with it, unless it was started by nohup.
func stopOnSignals(ctx context.Context) (context.Context, context.CancelFunc) {
	signals := []os.Signal{
		syscall.SIGINT, syscall.SIGTERM, // Again, so that a second one does not kill before the folder is gone.
		syscall.SIGQUIT, syscall.SIGABRT, syscall.SIGALRM, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGXCPU,
	}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signal.NotifyContext(ctx, signals...)
}

// warnOfIgnored names the settings of a real workspace that were given although the demo has no use for them.
func warnOfIgnored(c config, logger log.Logger) {
	for _, row := range []struct {
		setting string
		given   bool
	}{
		{"ASANA_WORKSPACE", c.workspace != "" && !c.workspaceGiven},
		{"--asana.token-file", c.tokenFile != ""}, // Or its variable.
		{"--asana.token-dir", c.tokenDir != ""},
		{"--asana.url", c.asanaURL != client.DefaultURL},
	} {
		if row.given {
			level.Warn(logger).Log("msg", "the demo only simulates a workspace, and ignores a setting: leave out --demo to follow a real one", "setting", row.setting)
		}
	}
}

// newDemo makes a workspace, a token for it, and a temporary folder, and has c follow the workspace.
func newDemo(c *config) (*demo, error) {
	dir, err := os.MkdirTemp("", "asana_exporter-demo-")
	if err != nil {
		return nil, err
	}
	d := &demo{dir: dir}
	c.tokenFile = filepath.Join(dir, "token")
	if err := os.WriteFile(c.tokenFile, []byte("demo"), 0o600); err != nil {
		d.close()
		return nil, err
	}
	c.tokenDir = ""
	c.asanaURL = "https://asana.invalid/api/1.0" // No request leaves the process.
	c.setDemoDefaults(dir)
	d.asana = simulator.New(simulator.Options{
		Workspace:  c.workspace,
		Name:       "Example Company (simulated)",
		Token:      "demo",
		Seed:       rand.Uint64(),
		Rate:       simulator.DemoRate,
		NightShare: simulator.DemoNightShare,
		TokenLife:  demoTokenLife,
	})
	return d, nil
}

// setDemoDefaults changes the defaults of flags that were not given on the command line.
func (c *config) setDemoDefaults(dir string) {
	if !c.workspaceGiven { // A workspace from the environment is real: simulated counts must not appear under its gid.
		c.workspace = "1200000000000001"
	}
	if !c.stateDirGiven {
		c.stateDir = filepath.Join(dir, "state")
	}
	if !c.pollIntervalGiven {
		c.pollInterval = time.Second
	}
	if !c.zeroFirstGiven {
		c.zeroFirst = 5 * time.Second
	}
	if !c.addressGiven {
		*c.web.WebListenAddresses = []string{demoAddress}
	}
}

// run simulates an incident of mass deletion every demoIncidentEvery, until ctx ends.
func (d *demo) run(ctx context.Context, logger log.Logger) error {
	wait := demoFirstIncident
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		wait = demoIncidentEvery
		level.Info(logger).Log("msg", "demo: somebody deletes a lot", "tasks", demoIncidentSize)
		d.asana.Incident(demoIncidentSize)
	}
}

// transport returns what carries requests to the simulated workspace; nil, for the network, if there is no demo.
func (d *demo) transport() http.RoundTripper {
	if d == nil {
		return nil
	}
	return d.asana
}

// close removes the temporary folder.
func (d *demo) close() { _ = os.RemoveAll(d.dir) }

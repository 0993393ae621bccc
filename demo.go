package main

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"asana_exporter/simulator"
)

const (
	demoFirstIncident = 90 * time.Second // From the start.
	demoIncidentEvery = 30 * time.Minute // Twice the window of the alerts: they resolve in between.
	demoIncidentSize  = 500              // Tasks deleted, where sixty at night and 170 at work are usual in that window.
	demoTokenLife     = 15 * time.Minute // Shorter than Asana's, so that the simulator keeps fewer events.
)

// A demo is a simulated workspace and what the program needs to follow it.
type demo struct {
	asana *simulator.Simulator
	dir   string
}

// newDemo makes a workspace and fills in what the command line left open.
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
	if !c.workspaceGiven { // Nothing is made up under a name from the environment.
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
	c.asanaURL = "https://asana.invalid/api/1.0" // Nothing is ever sent there.
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

// run has somebody delete a lot, now and then.
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

// close removes the temporary folder.
func (d *demo) close() { _ = os.RemoveAll(d.dir) }

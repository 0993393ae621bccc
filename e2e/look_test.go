//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A browser draws the demo's dashboards with Grafana's libraries, on a small and a large screen. All panels have data from the
// start, nothing is cut off, and no legend hides its chart. See dashboards/look for what is Grafana's code.
func TestDashboardsLookRight(t *testing.T) {
	t.Parallel()
	look := installLook(t) // First, since it takes a minute.
	demo := newExporter(t, nil, "--demo")
	dir := t.TempDir()
	writeHistory(t, filepath.Join(dir, "data"), "-instance="+demo.address)
	began := time.Now()
	demo.start(t)
	rules, err := filepath.Abs("../alerts")
	if err != nil {
		t.Fatal(err)
	}
	p := runPrometheus(t, dir, "rule_files: ["+rules+"/deletions.yml, "+rules+"/exporter.yml, "+rules+"/recording.yml]\n"+scrapeConfig(demo),
		"--storage.tsdb.retention.time=35d")
	d := drawing{t: t, prometheus: p}
	// The limits are recorded every five minutes, and a chart has a step of one.
	waitFor(t, 10*time.Minute, d.missing(fmt.Sprintf(`timestamp(workspace_kind_severity:asana_deletions:limit{kind="burst", severity="page"}) > %d`, began.Unix()),
		"increase(asana_event_delay_seconds_count[30s] offset 1m) > 0"))

	cmd := exec.Command(lookUp(t, "node", "install Node 20 or later"), filepath.Join(look, "look.mjs"), p.url)
	cmd.Env = append(os.Environ(), "CHROMIUM="+lookUp(t, "chromium", "install Debian's package of this name"))
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("look.mjs: %v", err)
	}
}

// installLook has npm install the libraries beside a copy of dashboards/look, and returns its folder.
func installLook(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, pattern := range []string{"*.json", "look/*.json", "look/*.mjs", "look/src/*"} {
		files, err := filepath.Glob(filepath.Join("../dashboards", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			copyFile(t, file, filepath.Join(dir, strings.TrimPrefix(file, "../dashboards")))
		}
	}
	npmInstall(t, filepath.Join(dir, "look"))
	return filepath.Join(dir, "look")
}

// copyFile copies a file, and makes the folder for it.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o700)
	}
	if err == nil {
		err = os.WriteFile(to, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

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

//go:build e2e

package e2e

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const alertmanagerExample = "../alerts/alertmanager.yml"

// promtool accepts the rules without a warning.
func TestPromtoolAcceptsRules(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"../alerts/deletions.yml", "../alerts/exporter.yml", "../alerts/recording.yml"} {
		out := mustRun(t, promtool(t), "check", "rules", "--lint=all", "--lint-fatal", path)
		for line := range strings.Lines(out) {
			line = strings.TrimSpace(line)
			if line != "" && line != "Checking "+path && !strings.HasPrefix(line, "SUCCESS: ") {
				t.Errorf("%s: %s", path, line)
			}
		}
	}
}

// The unit tests of the rules pass.
func TestRuleUnitTestsPass(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../alerts/tests/*.yml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d tests, %v", len(paths), err)
	}
	mustRun(t, promtool(t), append([]string{"test", "rules"}, paths...)...)
}

// With a selector the texts of alerts tell the same: it is in their queries, and these are whole.
func TestRulesWithSelectorTellTheSame(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustRun(t, "go", "run", "../alerts", "-selector", `job!="some \"other\" 50%"`, "-out", dir)
	const name = "deletions-texts.yml"
	text, err := os.ReadFile(filepath.Join("../alerts/tests", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "tests"), 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "tests", name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun(t, promtool(t), "test", "rules", path)
}

func TestAmtoolAcceptsAlertmanagerExample(t *testing.T) {
	t.Parallel()
	if out := mustRun(t, amtool(t), "check-config", alertmanagerExample); !strings.Contains(out, "SUCCESS") {
		t.Errorf("amtool: %s", out)
	}
}

func TestAlertmanagerExampleSendsOnlyPagesToThePager(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ alert, severity, receiver string }{
		{"AsanaDeletionBurst", "page", "pager"},
		{"AsanaStructureDeletions", "page", "pager"},
		{"AsanaPositionInDanger", "page", "pager"},
		{"AsanaDeletionBurst", "warning", "chat"},
		{"AsanaEventsLost", "warning", "chat"},
		{"AsanaSyncError", "warning", "chat"},
		{"SomebodyElses", "page", "chat"},
	} {
		out := mustRun(t, amtool(t), "config", "routes", "test", "--config.file="+alertmanagerExample, "--verify.receivers="+row.receiver,
			"alertname="+row.alert, "severity="+row.severity, "workspace=1200000000000001")
		if !strings.Contains(out, row.receiver) {
			t.Errorf("%s: amtool: %s", row.alert, out)
		}
	}
}

// promtool returns the program: that of PROMTOOL, or the one on the PATH.
func promtool(t *testing.T) string {
	t.Helper()
	return lookUp(t, cmp.Or(os.Getenv("PROMTOOL"), "promtool"), "install Debian's package prometheus")
}

func amtool(t *testing.T) string {
	t.Helper()
	return lookUp(t, "amtool", "install Debian's package prometheus-alertmanager")
}

// mustRun returns what a program prints, and fails the test if it ends in failure.
func mustRun(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

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
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/asana-exporter/asana_exporter/simulator"
)

const renames = "?rename,renameat,renameat2"

// A commit fails at each of its steps. Nothing new is shown then, the position stays, and the failure is counted. Once the disk
// works again, the counts are right.
func TestFailedCommitIsNotShown(t *testing.T) { //nolint:tparallel // One exporter lives through all faults in turn.
	t.Parallel()
	asana := startAsana(t, simulator.Options{})
	e := newExporter(t, asana, "--asana.poll-interval=200ms", "--events.zero-first=0s")
	e.start(t)
	tests := []struct {
		name   string
		strace []string
	}{
		{"fsync of the file: EIO", []string{"--inject=fsync:error=EIO"}},
		{"fsync of the file: ENOSPC", []string{"--inject=fsync:error=ENOSPC"}},
		{"rename: EROFS", []string{"--inject=" + renames + ":error=EROFS"}},
		{"open of the folder: EMFILE", []string{"--inject=openat:error=EMFILE", folderOnly(e)}},
		{"fsync of the folder: EIO", []string{"--inject=fsync:error=EIO", folderOnly(e)}},
		{"fsync of the folder: EINVAL", []string{"--inject=fsync:error=EINVAL", folderOnly(e)}},
	}
	for _, test := range tests {
		well := t.Run(test.name, func(t *testing.T) {
			e.checkFault(t, func() func() {
				strace := attach(t, e, test.strace...)
				return func() { strace.detach(t) }
			})
		})
		if !well {
			return // The rest would only repeat it.
		}
	}
}

// checkFault breaks the disk, adds events, repairs the disk, and checks what is shown meanwhile.
func (e *exporter) checkFault(t *testing.T, breakDisk func() (mend func())) {
	t.Helper()
	e.asana.work(3)
	before := e.waitForTruth(t)
	mend := breakDisk()
	asked := e.asana.requests()
	e.asana.work(9)
	waitFor(t, patience, func() error {
		now := e.mustScrape(t)
		if err := differ("shown", now.counts(), before.counts()); err != nil {
			t.Fatalf("shown before it was durable: %v", err)
		}
		if failed(now)-failed(before) < 2 {
			return fmt.Errorf("%v commits failed", failed(now)-failed(before))
		}
		return nil
	})
	now := e.mustScrape(t)
	if up := now.sums["asana_workspace_up"]; up != 0 {
		t.Errorf("asana_workspace_up is %v", up)
	}
	if positions := e.asana.positions(asked); len(positions) != 1 {
		t.Errorf("the position moved: %q", positions)
	}
	mend()
	checkRuleZ(t, before, e.waitForTruth(t))
}

func failed(x exposition) float64 { return x.sums["asana_exporter_state_commit_failures_total"] }

// With a disk that cannot keep the state, the program exits at its start with one line that says what to do.
func TestFailingDiskAtStartExits(t *testing.T) { //nolint:tparallel // One state folder serves all in turn.
	t.Parallel()
	strace := lookUp(t, "strace", "install Debian's package strace")
	e := newExporter(t, startAsana(t, simulator.Options{}))
	if err := os.Mkdir(e.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		says   string
		strace []string
	}{
		{"input/output error", []string{"--inject=fsync:error=EIO"}},
		{"invalid argument", []string{"--inject=fsync:error=EINVAL", folderOnly(e)}}, // As on CIFS.
		{"no locks available", []string{"--inject=flock:error=ENOLCK"}},              // As on NFS.
		{"function not implemented", []string{"--inject=flock:error=ENOSYS"}},        // As on FUSE.
	} {
		t.Run(test.says, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, strace, slices.Concat([]string{"-f", "-o", "/dev/null"}, test.strace, e.command())...)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // The exporter would live on without strace.
			cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
			out, err := cmd.CombinedOutput()
			if err == nil || ctx.Err() != nil {
				t.Errorf("it did not end with an error, but: %v", cmp.Or(ctx.Err(), err))
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			last := lines[len(lines)-1]
			if !strings.Contains(last, test.says) || !strings.Contains(last, "--state.dir") {
				t.Errorf("it said %q", out)
			}
		})
	}
}

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
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// The system calls of a commit come in order: temporary file, fsync, rename, fsync of the folder, and only then the next
// request to Asana.
func TestCommitStepsAreInOrder(t *testing.T) {
	t.Parallel()
	asana := startAsana(t, simulator.Options{PageSize: 4})
	e := newExporter(t, asana, "--asana.poll-interval=200ms", "--events.zero-first=0s")
	e.start(t)
	asana.work(2)
	e.waitForTruth(t)

	strace := attach(t, e, "--trace=openat,write,fsync,fdatasync,close,?rename,renameat,renameat2")
	for range 3 {
		asana.work(10) // Three pages.
		e.waitForTruth(t)
	}
	strace.detach(t)

	var steps []string
	for _, call := range strace.calls(t) {
		if step := call.step(e); step != elsewhere {
			steps = append(steps, step)
		}
	}
	// On a busy machine there is more to commit than these pages, so strace may come or go in the middle of a commit.
	got := regexp.MustCompile(`ask .*close-folder `).FindString(strings.Join(steps, " ") + " ")
	order := regexp.MustCompile(`^(ask |create (write )+fsync close rename open-folder fsync-folder close-folder )+$`)
	if !order.MatchString(got) {
		t.Errorf("steps out of order: %s", got)
	}
	if n := strings.Count(got, "fsync-folder"); n < 9 {
		t.Errorf("%d commits for 9 pages: %s", n, got)
	}
}

// A new folder is lost in a power failure until the folder above it is synced.
func TestNewStateFolderIsSynced(t *testing.T) {
	t.Parallel()
	e := newExporter(t, startAsana(t, simulator.Options{}))
	old := filepath.Dir(e.dir)
	e.dir = filepath.Join(e.dir, "deep", "deeper")
	output := filepath.Join(t.TempDir(), "strace")
	e.around = []string{lookUp(t, "strace", "install Debian's package strace"), "-D", "-f", "-yy", "-o", output, "--trace=fsync"}
	e.start(t)
	waitFor(t, patience, func() error {
		calls, err := os.ReadFile(output)
		if err != nil {
			return err
		}
		for folder := filepath.Dir(e.dir); len(folder) >= len(old); folder = filepath.Dir(folder) {
			if !strings.Contains(string(calls), "<"+folder+">") {
				return fmt.Errorf("no fsync of %s: %s", folder, calls)
			}
		}
		return nil
	})
}

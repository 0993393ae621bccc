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
	"slices"
	"testing"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// The process is killed before each system call of a commit and after the last; the counts stay right.
//
// strace counts calls by thread, and a goroutine changes threads. But strace is attached while the exporter waits for Asana's
// answer, so the first call of its kind mostly belongs to the commit; if it does not, the test tries again.
func TestSIGKILLBeforeEachStepOfACommit(t *testing.T) {
	t.Parallel()
	asana := startAsana(t, simulator.Options{PageSize: 4})
	e := newExporter(t, asana, "--asana.poll-interval=100ms", "--events.zero-first=0s")
	e.start(t)
	tests := []struct {
		step, call string
		path       []string
	}{
		{create, "openat", nil},
		{write, "write", nil},
		{syncFile, "fsync", nil},
		{closeFile, "close", nil},
		{rename, renames, nil},
		{openFolder, "openat", []string{folderOnly(e)}},
		{syncFolder, "fsync", []string{folderOnly(e)}},
		{closeFolder, "close", []string{folderOnly(e)}},
		{ask, "openat", []string{"--trace-path=" + e.token}},
	}
	for _, test := range tests {
		var hit []string
		for n := 0; n < 12 && !slices.Contains(hit, test.step); n++ {
			inject := fmt.Sprintf("--inject=%s:signal=SIGKILL:when=%d", test.call, 1+n%4)
			hit = append(hit, e.dieAt(t, append(test.path, "--trace="+test.call, inject)...))
		}
		if !slices.Contains(hit, test.step) {
			t.Errorf("never killed before %s, only before %q", test.step, hit)
		}
		t.Logf("killed before %q", hit)
	}
}

// dieAt adds events, has strace kill the exporter while it counts them, starts it again and checks the counts. It returns
// the step before which the exporter died.
func (e *exporter) dieAt(t *testing.T, inject ...string) string {
	t.Helper()
	e.asana.work(3)
	before := e.waitForTruth(t)
	release := e.asana.hold(t)
	e.asana.work(6)
	strace := attach(t, e, inject...)
	release()
	e.asana.workUntil(e.ended) // The call that is hit may be the fourth of its thread.
	e.wait(t)
	<-strace.ended
	step := elsewhere
	for _, call := range strace.calls(t) {
		if call.result == "?" { // It never came back.
			step = call.step(e)
		}
	}
	e.start(t)
	checkRuleZ(t, before, e.waitForTruth(t))
	if t.Failed() {
		t.Fatalf("killed before %s by %q", step, inject)
	}
	return step
}

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
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

func TestStartedProcessesHaveTheTimerSlackOfTheUnit(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "cat", "/proc/self/timerslack_ns")
	var out strings.Builder
	cmd.Stdout = &out
	if err := withTimerSlack(cmd.Start); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.TrimSpace(out.String()), strconv.FormatInt(timerSlack.Nanoseconds(), 10); got != want {
		t.Errorf("a process has a timer slack of %s ns, want %s", got, want)
	}
	unit, err := os.ReadFile("../deploy/systemd/asana_exporter.service")
	if err != nil {
		t.Fatal(err)
	}
	if line := "\nTimerSlackNSec=" + timerSlack.String() + "\n"; !strings.Contains(string(unit), line) {
		t.Errorf("the unit has no line %q", line)
	}
}

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
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestWhoDeletedMost(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	const event = `{"level":"info","msg":"event","action":"deleted","created_at":"2026-03-17T10:00:00Z","user_gid":"`
	content := event + "1\"}\n" + event + "2\"}\n" + event + "1\"}\n" + event + "\"}\n" + event + "\"}\n" + event + "\"}\nno JSON\n" +
		`{"msg":"event","action":"added","created_at":"2026-03-17T10:00:00Z","user_gid":"3"}` + "\n" +
		`{"msg":"event","action":"deleted","created_at":"2026-03-17T08:59:00Z","user_gid":"4"}` + "\n" +
		`{"msg":"page counted","action":"deleted","created_at":"2026-03-17T10:00:00Z"}` + "\n"
	if err := os.WriteFile(log, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := whoDeleted(log, time.Date(2026, 3, 17, 9, 0, 0, 0, time.UTC))
	if want := []string{"     3 by user (the system)", "     2 by user 1", "     1 by user 2"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q and %v, want %q", got, err, want)
	}
	if _, err := whoDeleted(log+"x", time.Time{}); err == nil {
		t.Error("no error without a log")
	}
}

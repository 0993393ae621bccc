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

package collector

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestSecondStoreIsRefused(t *testing.T) {
	dir := t.TempDir()
	first, err := OpenStore(dir, "1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = OpenStore(dir, "1")
	if err == nil || !strings.Contains(err.Error(), "in use by another process") || !strings.Contains(err.Error(), "--state.dir") {
		t.Errorf("%v, want that the folder is in use, and what to do", err)
	}
	other, err := OpenStore(dir, "2") // Each workspace has a lock of its own.
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	save(t, first, born())
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "state", load(t, openStore(t, dir)), born())
}

// Whoever removes the lock, or the folder, lets another process in: this one must not write any more.
func TestLostLockStopsTheWriter(t *testing.T) {
	for _, test := range []struct {
		name string
		lose func(dir string) error
	}{
		{"the lock is removed", func(dir string) error { return os.Remove(filepath.Join(dir, "1.lock")) }},
		{"the folder is removed", os.RemoveAll},
		{"the folder is moved", func(dir string) error { return os.Rename(dir, dir+"-old") }},
	} {
		for _, second := range []bool{false, true} {
			dir := filepath.Join(t.TempDir(), "data")
			first := openStore(t, dir)
			save(t, first, following())
			if err := test.lose(dir); err != nil {
				t.Fatal(err)
			}
			if second {
				save(t, openStore(t, dir), born())
			}
			if err := first.Save(following()); !errors.Is(err, ErrLockLost) {
				t.Errorf("%s, second process %v: Save returned %v", test.name, second, err)
			}
			if content, err := os.ReadFile(filepath.Join(dir, "1.json")); second && (err != nil || string(content) != encoded(t, born())) {
				t.Errorf("%s: the state of the second process is %q (%v)", test.name, content, err)
			}
		}
	}
}

// The folder or the lock is removed after the check, and another process begins.
func TestLockThatIsLostWhileSavingLeavesTheNewStateAlone(t *testing.T) {
	for _, removed := range []string{"", "1.lock"} {
		for _, step := range saveSteps() {
			dir := filepath.Join(t.TempDir(), "data")
			first := openStore(t, dir)
			first.before = func(s string) error {
				if s != step {
					return nil
				}
				if err := os.RemoveAll(filepath.Join(dir, removed)); err != nil {
					return err
				}
				save(t, openStore(t, dir), born())
				return nil
			}
			_ = first.Save(following())
			if content, err := os.ReadFile(filepath.Join(dir, "1.json")); err != nil || string(content) != encoded(t, born()) {
				t.Errorf("%q removed at %s: the state of the second process is %q (%v)", removed, step, content, err)
			}
		}
	}
}

func TestLockThatIsNotAFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "1.lock"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStore(dir, "1"); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("OpenStore: %v", err)
	}
}

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
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// openStore opens a store for workspace 1 that the test closes in the end.
func openStore(t *testing.T, dir string) *Store {
	t.Helper()
	store, err := OpenStore(dir, "1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// files returns the names in a folder.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names
}

func save(t *testing.T, store *Store, s State) {
	t.Helper()
	if err := store.Save(s); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, store *Store) State {
	t.Helper()
	s, err := store.Load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Counts are not handed on to another workspace, however the file got its name.
func TestStateOfAnotherWorkspaceIsRefused(t *testing.T) {
	store := openStore(t, t.TempDir())
	state, _, err := store.Begin(at(0))
	if err != nil {
		t.Fatal(err)
	}
	state.Workspace = "2"
	save(t, store, state)
	if _, _, err := store.Begin(at(0)); err == nil || !strings.Contains(err.Error(), `it belongs to workspace "2"`) {
		t.Errorf("got %v", err)
	}
	wantEqual(t, "files", files(t, filepath.Dir(store.path)), []string{"1.json", "1.lock"})
}

func TestLeftoversOfAKilledProcessAreRemoved(t *testing.T) {
	dir := t.TempDir()
	first := openStore(t, dir)
	save(t, first, born())
	for _, name := range []string{"1.json.tmp", "11.json.tmp", "1.json.damaged-x", "notes.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half a st"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	store := openStore(t, dir)
	wantEqual(t, "files", files(t, dir), []string{"1.json", "1.json.damaged-x", "1.lock", "11.json.tmp", "notes.tmp"})
	wantEqual(t, "state", load(t, store), born())
}

func TestOnlyTheOwnerCanReadTheState(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	dir := filepath.Join(t.TempDir(), "deep", "data")
	store := openStore(t, dir)
	save(t, store, born())
	damage(t, store)
	if _, _, err := store.Begin(at(0)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{".": fs.ModeDir | 0o700, "..": fs.ModeDir | 0o700, "1.json": 0o600, "1.lock": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s: mode %s, want %s", name, info.Mode(), want)
		}
	}
	for _, name := range files(t, dir) {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: mode %s (%v), want 0600", name, info.Mode(), err)
		}
	}
}

func TestFirstStartBeginsAnEpoch(t *testing.T) {
	store := openStore(t, t.TempDir())
	state, damaged, err := store.Begin(at(time.Hour))
	if err != nil || damaged != nil {
		t.Errorf("damaged %v, error %v", damaged, err)
	}
	want := NewEpoch(at(time.Hour))
	want.Workspace = "1"
	wantEqual(t, "state", state, want)
	wantEqual(t, "saved", load(t, store), state)

	again, damaged, err := store.Begin(at(2 * time.Hour))
	if err != nil || damaged != nil {
		t.Errorf("second start: damaged %v, error %v", damaged, err)
	}
	wantEqual(t, "state of the second start", again, state)
}

func TestNewerStateIsLeftAlone(t *testing.T) {
	store := openStore(t, t.TempDir())
	content := wrap(`{"version":2,"more":"than we know"}`)
	if err := os.WriteFile(store.path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	state, damaged, err := store.Begin(at(0))
	if !errors.Is(err, ErrNewerState) || damaged != nil || !strings.Contains(err.Error(), "--state.dir") {
		t.Errorf("damaged %v, error %v, want ErrNewerState and what to do", damaged, err)
	}
	wantEqual(t, "state", state, State{})
	got, err := os.ReadFile(store.path)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("the file holds %q (%v), want what was there", got, err)
	}
	wantEqual(t, "files", files(t, filepath.Dir(store.path)), []string{"1.json", "1.lock"})
}

func TestWhatIsNoStateFileIsRefused(t *testing.T) {
	for _, test := range []struct {
		name, want string
		make       func(path string) error
	}{
		{"a FIFO", "not a regular file", func(path string) error { return syscall.Mkfifo(path, 0o600) }},
		{"a folder", "not a regular file", func(path string) error { return os.Mkdir(path, 0o700) }},
		{"a link", "not a regular file", func(path string) error { return os.Symlink("/dev/null", path) }},
		{"a socket", "not a regular file", func(path string) error { return syscall.Mknod(path, syscall.S_IFSOCK|0o600, 0) }},
		{"3 GB", "3000000000 bytes", func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 3_000_000_000))
		}},
	} {
		store := openStore(t, t.TempDir())
		if err := test.make(store.path); err != nil {
			t.Fatal(err)
		}
		_, damaged, err := store.Begin(at(0))
		if err == nil || damaged != nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: damaged %v, error %v", test.name, damaged, err)
		}
		wantEqual(t, test.name+": files", files(t, filepath.Dir(store.path)), []string{"1.json", "1.lock"})
	}
}

func TestStateThatCouldNotBeReadIsNotWritten(t *testing.T) {
	store := openStore(t, t.TempDir())
	save(t, store, born())
	huge := following()
	for i := range 90_000 {
		label := strings.Repeat("x", 120) + strconv.Itoa(i)
		huge.series = append(huge.series, Series{Labels: Labels{label, label, label, label, label}})
	}
	if err := store.Save(huge); err == nil || !strings.Contains(err.Error(), "--events.max-series") ||
		strings.Contains(err.Error(), "writable") {
		t.Errorf("Save returned %v", err)
	}
	wantEqual(t, "state", load(t, store), born())
}

func TestThreeDamagedFilesAreKept(t *testing.T) {
	store := openStore(t, t.TempDir())
	var want []string
	for i, minute := range []int{1, 2, 3, 4, 0} { // The last one is an old copy, which must be there when it is reported.
		written := at(time.Duration(minute) * time.Minute)
		if err := errors.Join(os.WriteFile(store.path, []byte("damaged"), 0o600), os.Chtimes(store.path, written, written)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := store.Begin(at(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if i >= 2 {
			want = append(want, "1.json.damaged-"+written.Format("20060102T150405.000Z"))
		}
	}
	wantEqual(t, "files", files(t, filepath.Dir(store.path)), append(append([]string{"1.json"}, slices.Sorted(slices.Values(want))...), "1.lock"))
}

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
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// saveSteps are the names that Store.before hears during a Save, in order.
func saveSteps() []string {
	return []string{"create", "write", "fsync", "close", "rename", "fsync folder", "done"}
}

// failAt fails one step with an error.
func failAt(failing string, err error) func(step string) error {
	return func(step string) error {
		if step == failing {
			return err
		}
		return nil
	}
}

func TestSaveThatFailsLeavesAWholeState(t *testing.T) {
	older, newer := following(), born()
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EROFS} {
		for i, failing := range saveSteps() {
			store := openStore(t, t.TempDir())
			save(t, store, older)
			var seen []string
			store.before = func(step string) error {
				seen = append(seen, step)
				if step == failing {
					return &fs.PathError{Op: step, Path: "state", Err: errno}
				}
				return nil
			}
			if err := store.Save(newer); !errors.Is(err, errno) {
				t.Errorf("%s at %s: Save returned %v", errno, failing, err)
			}
			wantEqual(t, "steps", seen, saveSteps()[:i+1])
			want := older
			if i > slices.Index(saveSteps(), "rename") {
				want = newer
			}
			wantEqual(t, failing+": state", load(t, store), want)
			wantEqual(t, failing+": files", files(t, filepath.Dir(store.path)), []string{"1.json", "1.lock"})

			store.before = func(string) error { return nil }
			save(t, store, newer)
			wantEqual(t, "state of the next Save", load(t, store), newer)
		}
	}
}

// The text says where, although os.Root leaves the folder out, and what to do.
func TestFailedSaveSaysWhereAndWhatToDo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	store := openStore(t, dir)
	for path, want := range map[string]string{
		"1.json.tmp": "save state: " + dir + ": openat 1.json.tmp: is a directory; something else lies there: move it away, or name another folder with --state.dir",
		"1.json":     "save state: " + dir + ": renameat 1.json.tmp 1.json: file exists; something else lies there: move it away, or name another folder with --state.dir",
	} {
		if err := os.Mkdir(filepath.Join(dir, path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := store.Save(born()); err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
		if err := os.RemoveAll(filepath.Join(dir, path)); err != nil {
			t.Fatal(err)
		}
	}
	save(t, store, born())
}

// killed runs do until the store dies before a step of its nth file, from 0, and returns the store of the next process. As after
// SIGKILL, nothing was cleaned up.
func killed(t *testing.T, store *Store, step string, file int, do func()) *Store {
	t.Helper()
	store.before = func(s string) error {
		if s == "create" {
			file--
		}
		if s == step && file < 0 {
			panic("killed")
		}
		return nil
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Fatalf("no step %s", step)
			}
		}()
		do()
	}()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return openStore(t, filepath.Dir(store.path))
}

func TestKilledWhileSavingLeavesAWholeState(t *testing.T) {
	older, newer := following(), born()
	for i, step := range saveSteps() {
		store := openStore(t, t.TempDir())
		save(t, store, older)
		store = killed(t, store, step, 0, func() { _ = store.Save(newer) })
		want := older
		if i > slices.Index(saveSteps(), "rename") {
			want = newer
		}
		wantEqual(t, step+": state", load(t, store), want)
		wantEqual(t, step+": files", files(t, filepath.Dir(store.path)), []string{"1.json", "1.lock"})
	}
}

// Failures of the real thing: errors of the file system, and not of a hook.
func TestFolderThatIsInTheWay(t *testing.T) {
	t.Run("a folder in the place of the file", func(t *testing.T) {
		store := openStore(t, t.TempDir())
		if err := os.MkdirAll(filepath.Join(store.path, "full"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := store.Save(born()); err == nil {
			t.Error("Save: no error")
		}
		wantEqual(t, "files", files(t, filepath.Dir(store.path)), []string{"1.json", "1.lock"})
	})
	t.Run("a folder in the place of the lock", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "1.lock"), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenStore(dir, "1"); !errors.Is(err, syscall.EISDIR) || !strings.Contains(err.Error(), "--state.dir") {
			t.Errorf("OpenStore: %v, want EISDIR and what to do", err)
		}
	})
	t.Run("a folder that looks like a leftover", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "1.json.tmp", "full"), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenStore(dir, "1"); !errors.Is(err, syscall.ENOTEMPTY) {
			t.Errorf("OpenStore: %v, want ENOTEMPTY", err)
		}
	})
}

func TestErrorsOfTheFileSystemSayWhatToDo(t *testing.T) {
	const another = "name another folder with --state.dir"
	for want, errnos := range map[string][]syscall.Errno{
		"name a folder on a local disk with --state.dir":            {syscall.EINVAL, syscall.ENOLCK, syscall.ENOSYS, syscall.EOPNOTSUPP},
		"make room there, or " + another:                            {syscall.ENOSPC, syscall.EDQUOT},
		"the disk fails: see the kernel's log, or " + another:       {syscall.EIO},
		"raise the limit on open files (ulimit -n)":                 {syscall.EMFILE, syscall.ENFILE},
		"make the folder writable or name another with --state.dir": {syscall.EACCES, syscall.EROFS},
	} {
		for _, errno := range errnos {
			store := openStore(t, t.TempDir())
			store.before = failAt("fsync folder", &fs.PathError{Op: "sync", Path: "state", Err: errno})
			if _, _, err := store.Begin(at(0)); !errors.Is(err, errno) || !strings.HasSuffix(err.Error(), "; "+want) {
				t.Errorf("%v: %v, want %q", errno, err, want)
			}
		}
	}
}

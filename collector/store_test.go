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

// saveSteps are the names that Store.before hears during a Save, in order.
func saveSteps() []string {
	return []string{"create", "write", "fsync", "close", "rename", "fsync folder", "done"}
}

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

// failAt fails one step with an error.
func failAt(failing string, err error) func(step string) error {
	return func(step string) error {
		if step == failing {
			return err
		}
		return nil
	}
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

// Another folder holds the same lock file.
func TestLockBelongsToItsFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	store, old := openStore(t, dir), dir+"-old"
	if err := errors.Join(os.Rename(dir, old), os.Mkdir(dir, 0o700), os.Link(old+"/1.lock", dir+"/1.lock")); err != nil {
		t.Fatal(err)
	}
	if err := store.Save(born()); !errors.Is(err, ErrLockLost) {
		t.Errorf("Save returned %v", err)
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

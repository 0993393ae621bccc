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
	"time"
)

func TestDamagedStateIsKeptAside(t *testing.T) {
	store := openStore(t, t.TempDir())
	save(t, store, born())
	content, written := damage(t, store)

	state, note, err := store.Begin(at(time.Hour))
	damaged, ok := errors.AsType[*DamagedError](note)
	if err != nil || !ok {
		t.Fatalf("note %v, error %v, want a *DamagedError", note, err)
	}
	aside := filepath.Join(store.dir, "1.json.damaged-"+written.Format("20060102T150405.000Z"))
	if damaged.Path != aside || !damaged.Since.Equal(written) || !strings.Contains(note.Error(), aside) {
		t.Errorf("damaged since %s, kept as %s (%v), want %s and %s", damaged.Since, damaged.Path, note, written, aside)
	}
	if damaged.Unwrap() == nil || !strings.Contains(note.Error(), damaged.Unwrap().Error()) {
		t.Errorf("%v does not tell what was wrong: %v", note, damaged.Unwrap())
	}
	if got, err := os.ReadFile(aside); err != nil || !slices.Equal(got, content) {
		t.Errorf("aside: %q (%v), want the damaged file", got, err)
	}
	want := NewEpoch(at(time.Hour))
	want.Workspace, want.LostSince = "1", written
	wantEqual(t, "state", state, want)
	wantEqual(t, "saved", load(t, store), want)

	again, note, err := store.Begin(at(2 * time.Hour))
	if note != nil || err != nil {
		t.Errorf("second start: note %v, error %v", note, err)
	}
	wantEqual(t, "state of the second start", again, want)
}

func TestEmptyStateFileIsDamaged(t *testing.T) {
	store := openStore(t, t.TempDir())
	if err := os.WriteFile(store.path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Load(); !isDamaged(err) {
		t.Errorf("%v, want a *DamagedError", err)
	}
}

// Both files of this start can fail: the copy that is kept aside, and the new epoch.
func TestStartAfterDamageRepeatsHarmlessly(t *testing.T) {
	for nth := range 2 {
		for _, step := range saveSteps() {
			store := openStore(t, t.TempDir())
			save(t, store, born())
			content, written := damage(t, store)
			aside := filepath.Base(store.path) + ".damaged-" + written.Format("20060102T150405.000Z")

			calls := 0
			store.before = func(s string) error {
				if s != step {
					return nil
				}
				if calls++; calls == nth+1 {
					return syscall.EIO
				}
				return nil
			}
			if _, _, err := store.Begin(at(time.Hour)); !errors.Is(err, syscall.EIO) {
				t.Errorf("file %d, %s: %v, want EIO", nth, step, err)
			}
			state, note, err := store.Begin(at(2 * time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			// Where the new epoch was in its place already, it is that of the first attempt.
			began := at(2 * time.Hour)
			if nth == 1 && slices.Index(saveSteps(), step) > slices.Index(saveSteps(), "rename") {
				began = at(time.Hour)
			} else if !isDamaged(note) {
				t.Errorf("file %d, %s: note %v, want a *DamagedError", nth, step, note)
			}
			want := NewEpoch(began)
			want.Workspace, want.LostSince = "1", written
			wantEqual(t, step+": state", state, want)
			wantEqual(t, step+": files", files(t, store.dir), []string{"1.json", aside, "lock"})
			if got, err := os.ReadFile(filepath.Join(store.dir, aside)); err != nil || !slices.Equal(got, content) {
				t.Errorf("file %d, %s: aside: %q (%v), want the damaged file", nth, step, got, err)
			}
		}
	}
}

// What can't be read at all may be whole: it must not be replaced.
func TestUnreadableStateIsNotDamaged(t *testing.T) {
	store := openStore(t, t.TempDir())
	if err := os.Mkdir(store.path, 0o700); err != nil {
		t.Fatal(err)
	}
	_, note, err := store.Begin(at(0))
	if !errors.Is(err, syscall.EISDIR) || note != nil || isDamaged(err) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("note %v, error %v, want EISDIR", note, err)
	}
	wantEqual(t, "files", files(t, store.dir), []string{"1.json", "lock"})
}

func isDamaged(err error) bool {
	_, ok := errors.AsType[*DamagedError](err)
	return ok
}

// damage changes a bit of the state file, as a bad disk does: the time of the file stays.
func damage(t *testing.T, store *Store) (content []byte, written time.Time) {
	t.Helper()
	info, err := os.Stat(store.path)
	if err != nil {
		t.Fatal(err)
	}
	content, err = os.ReadFile(store.path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 4
	if err := os.WriteFile(store.path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(store.path, time.Time{}, info.ModTime()); err != nil {
		t.Fatal(err)
	}
	return content, truncate(info.ModTime())
}

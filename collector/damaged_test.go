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

	state, damaged, err := store.Begin(at(time.Hour))
	if err != nil || damaged == nil {
		t.Fatalf("damaged %v, error %v, want a *DamagedError", damaged, err)
	}
	aside := filepath.Join(filepath.Dir(store.path), "1.json.damaged-"+written.Format("20060102T150405.000Z"))
	if damaged.Path != aside || !damaged.Since.Equal(written) || !strings.Contains(damaged.Error(), aside) {
		t.Errorf("damaged since %s, kept as %s (%v), want %s and %s", damaged.Since, damaged.Path, damaged, written, aside)
	}
	if got, err := os.ReadFile(aside); err != nil || !slices.Equal(got, content) {
		t.Errorf("aside: %q (%v), want the damaged file", got, err)
	}
	want := NewEpoch(at(time.Hour))
	want.Workspace, want.LostSince = "1", written
	wantEqual(t, "state", state, want)
	wantEqual(t, "saved", load(t, store), want)

	again, damaged, err := store.Begin(at(2 * time.Hour))
	if damaged != nil || err != nil {
		t.Errorf("second start: damaged %v, error %v", damaged, err)
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
			state, damaged, err := store.Begin(at(2 * time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			// Where the new epoch was in its place already, it is that of the first attempt.
			began := at(2 * time.Hour)
			if nth == 1 && slices.Index(saveSteps(), step) > slices.Index(saveSteps(), "rename") {
				began = at(time.Hour)
			} else if damaged == nil {
				t.Errorf("file %d, %s: no *DamagedError", nth, step)
			}
			want := NewEpoch(began)
			want.Workspace, want.LostSince = "1", written
			wantEqual(t, step+": state", state, want)
			wantEqual(t, step+": files", files(t, filepath.Dir(store.path)), []string{"1.json", aside, "1.lock"})
			if got, err := os.ReadFile(filepath.Join(filepath.Dir(store.path), aside)); err != nil || !slices.Equal(got, content) {
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
	_, damaged, err := store.Begin(at(0))
	if err == nil || !strings.Contains(err.Error(), "not a regular file") || damaged != nil || isDamaged(err) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("damaged %v, error %v", damaged, err)
	}
	wantEqual(t, "files", files(t, filepath.Dir(store.path)), []string{"1.json", "1.lock"})
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

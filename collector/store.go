package collector

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// A Store keeps the State of one workspace in a folder that it owns. One goroutine uses it.
type Store struct {
	dir       string
	workspace string
	path      string
	lock      *flock.Flock
	// before, in tests, is called before each step of Save and can make it fail or end the process.
	before func(step string) error
}

// DamagedError reports a state file that can't be read back.
type DamagedError struct {
	// Path is where the file was kept aside.
	Path string
	// Since is when it was written, as far as the file system knows.
	Since time.Time
	Err   error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("state file damaged: %v; kept as %s", e.Err, e.Path)
}

// Unwrap returns what was wrong with the file.
func (e *DamagedError) Unwrap() error { return e.Err }

// ErrLockLost reports that another process may own the state.
var ErrLockLost = errors.New("lock lost")

// OpenStore makes the folder where it is missing, locks it and removes what a killed process left behind. The lock is
// held until Close or the end of the process.
func OpenStore(dir, workspace string) (*Store, error) {
	if err := makeDir(dir); err != nil {
		return nil, fmt.Errorf("state folder: %w; make it writable or name another with --state.dir", err)
	}
	lock := flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	switch {
	case err != nil:
		return nil, fmt.Errorf("state folder: %w; make it writable or name another with --state.dir", err)
	case !locked:
		return nil, fmt.Errorf("state folder %s: in use by another process; stop that one or name another folder with --state.dir", dir)
	}
	s := &Store{
		dir: dir, workspace: workspace, path: filepath.Join(dir, workspace+".json"), lock: lock,
		before: func(string) error { return nil },
	}
	if err := s.dropLeftovers(); err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	return s, nil
}

// makeDir makes a folder where it is missing, and those above it, so that a power failure takes none of them back.
func makeDir(dir string) error {
	above := filepath.Dir(dir)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && above != dir {
		if err := makeDir(above); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	_ = syncDir(above) // Where that can't be read, dir is an old one.
	return nil
}

// dropLeftovers removes the temporary files of a process that was killed.
func (s *Store) dropLeftovers() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), filepath.Base(s.path)+".tmp") {
			continue
		}
		if err := os.Remove(filepath.Join(s.dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Close lets another process have the folder.
func (s *Store) Close() error { return s.lock.Close() }

// Load returns the State that was saved last. It returns fs.ErrNotExist where there is none, and ErrNewerState for one of
// a newer version, which it leaves alone. A file that can't be read back is copied aside, under a name that depends on
// its time alone, and reported as a *DamagedError; it stays in its place until the next Save.
func (s *Store) Load() (State, error) {
	content, err := os.ReadFile(s.path)
	if err != nil {
		return State{}, fmt.Errorf("state file: %w; make it readable, or name another folder with --state.dir", err)
	}
	state, err := decode(content)
	switch {
	case err == nil && state.Workspace != "" && state.Workspace != s.workspace:
		return State{}, fmt.Errorf("state file %s: it is that of %q; give each workspace its own, or name another folder with --state.dir",
			s.path, state.Workspace)
	case err == nil:
		return state, nil
	case errors.Is(err, ErrNewerState):
		return State{}, fmt.Errorf("state file %s: %w; use that version, or name another folder with --state.dir", s.path, err)
	}
	info, statErr := os.Stat(s.path)
	if statErr != nil {
		return State{}, fmt.Errorf("state file: %w", statErr)
	}
	written := truncate(info.ModTime())
	aside := s.path + ".damaged-" + written.Format("20060102T150405.000Z")
	if err := s.replace(aside, content); err != nil {
		return State{}, fmt.Errorf("keep the damaged state file: %w; make room and the folder writable, or name another with --state.dir", err)
	}
	return State{}, &DamagedError{Path: aside, Since: written, Err: err}
}

// Save makes state durable: when it returns nil, a crash or a power failure can't take state back, on a disk that honours
// fsync. When it returns an error, Load returns this State or the one before, whole.
func (s *Store) Save(state State) error {
	content, err := state.encode()
	if err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	if err := s.replace(s.path, content); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	return nil
}

// replace puts a file in the place of another so that there is always a whole one.
//
// The steps are those of https://lwn.net/Articles/457667/. The last, fsync of the folder, is why this is not a library:
// renameio and natefinch/atomic leave it out, and without it a power failure takes the rename back.
func (s *Store) replace(path string, content []byte) (err error) {
	if err := s.before("create"); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, filepath.Base(s.path)+".tmp*") // With mode 0600.
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // The first error says more; what stays is removed by the next start.
		}
	}()
	steps := []struct {
		name string
		do   func() error
	}{
		{"write", func() error { _, err := f.Write(content); return err }},
		{"fsync", f.Sync},
		{"close", f.Close},
		{"rename", func() error { return os.Rename(f.Name(), path) }},
		{"fsync folder", func() error { return syncDir(s.dir) }},
	}
	for _, step := range steps {
		if err := s.before(step.name); err != nil {
			_ = f.Close()
			return err
		}
		if err := step.do(); err != nil {
			_ = f.Close()
			return err
		}
	}
	return s.before("done")
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Begin returns the State to go on from: the one that was saved, or a new epoch at the first start and after a damaged
// file. It saves what it returns, so that a folder that can't be written is found out at the start. The error that comes
// with a nil one is a note for the log: fs.ErrNotExist at a first start, a *DamagedError, or nil.
func (s *Store) Begin(now time.Time) (state State, note, err error) {
	state, note = s.Load()
	damaged, isDamaged := errors.AsType[*DamagedError](note)
	switch {
	case note == nil:
	case isDamaged:
		state = NewEpoch(now)
		state.LostSince = damaged.Since
	case errors.Is(note, fs.ErrNotExist):
		state = NewEpoch(now)
	default:
		return State{}, nil, note
	}
	state.Workspace = s.workspace
	if err := s.Save(state); err != nil {
		return State{}, nil, fmt.Errorf("%w; make the folder writable or name another with --state.dir", err)
	}
	return state, note, nil
}

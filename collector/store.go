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
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

const (
	// maxStateBytes is the largest state file: 50,000 label sets with the longest values, or five times as many usual ones.
	maxStateBytes = 64 << 20
	// keptDamaged is how many damaged state files are kept aside.
	keptDamaged = 3
)

// A Store keeps the State of one workspace in a file of a folder, and holds a lock file beside it. One goroutine uses it.
type Store struct {
	root      *os.Root // Stays with the folder, also when another one takes its path.
	workspace string
	path      string // Of the state file, for messages.
	lock      *flock.Flock
	// unreadUsers is why LoadUsers could not read its file.
	unreadUsers error
	// before, in tests, is called before each step of Save, and with "done" after the last. It can make Save fail.
	before func(step string) error
}

// OpenStore makes the folder where it is missing, locks the state of the workspace and removes what a killed process left
// behind. The lock is held until Close or the end of the process.
func OpenStore(dir, workspace string) (*Store, error) {
	if err := makeDir(dir); err != nil {
		return nil, fmt.Errorf("state folder: %w", advise(dir, err))
	}
	lock := flock.New(filepath.Join(dir, workspace+".lock"), flock.SetPermissions(0o600),
		flock.SetFlag(os.O_CREATE|os.O_RDONLY|syscall.O_NONBLOCK)) // A FIFO would block.
	locked, err := lock.TryLock()
	switch {
	case err != nil:
		return nil, fmt.Errorf("state folder: lock: %w", advise(dir, err))
	case !locked:
		return nil, fmt.Errorf("state folder %s: in use by another process; stop that one or name another folder with --state.dir", dir)
	}
	s := &Store{
		workspace: workspace, path: filepath.Join(dir, workspace+".json"), lock: lock,
		before: func(string) error { return nil },
	}
	if s.root, err = os.OpenRoot(dir); err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("state folder: %w", advise(dir, err))
	}
	if err = s.checkLock(); err == nil {
		err = s.root.Remove(s.temporary()) // Of a process that was killed.
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		_ = s.Close()
		return nil, fmt.Errorf("state folder: %w", advise(dir, err))
	}
	return s, nil
}

// makeDir makes a folder and those above it where they are missing, and makes their names durable.
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
	if f, err := os.Open(above); err == nil { // Where it can't be read, dir is an old folder.
		_ = f.Sync()
		_ = f.Close()
	}
	return nil
}

func (s *Store) dir() string { return filepath.Dir(s.path) }

func (s *Store) name() string { return s.workspace + ".json" }

func (s *Store) temporary() string { return s.name() + ".tmp" }

// Close lets another process have the state.
func (s *Store) Close() error { return errors.Join(s.root.Close(), s.lock.Close()) }

// Load returns the State that was saved last. It returns fs.ErrNotExist where there is none, and ErrNewerState for one of
// a newer version, which it leaves alone. A file that can't be read back is copied aside, under a name that depends on
// its time alone, and reported as a *DamagedError; it stays in its place until the next Save.
func (s *Store) Load() (State, error) {
	content, written, err := s.read(s.name())
	if err != nil {
		return State{}, fmt.Errorf("state file: %w", err)
	}
	state, err := decode(content)
	switch {
	case err == nil && state.Workspace != "" && state.Workspace != s.workspace:
		return State{}, fmt.Errorf("state file %s: it belongs to workspace %q; give each workspace its own, or name another folder with --state.dir",
			s.path, state.Workspace)
	case err == nil:
		return state, nil
	case errors.Is(err, ErrNewerState):
		return State{}, fmt.Errorf("state file %s: %w; use that version, or name another folder with --state.dir", s.path, err)
	}
	aside := s.name() + ".damaged-" + written.Format("20060102T150405.000Z")
	copied := func(w io.Writer) error { _, err := w.Write(content); return err }
	if err := s.replace(aside, copied); err != nil {
		return State{}, fmt.Errorf("keep the damaged state file: %w", advise(s.dir(), err))
	}
	s.dropDamaged(aside)
	return State{}, &DamagedError{Path: filepath.Join(s.dir(), aside), Since: written, Err: err}
}

// read returns the content of a file and when it was written.
func (s *Store) read(name string) (content []byte, written time.Time, err error) {
	path := filepath.Join(s.dir(), name)
	info, err := s.root.Lstat(name)
	switch {
	case err != nil:
		return nil, time.Time{}, fmt.Errorf("%s: %w; make it readable, or name another folder with --state.dir", path, err)
	case !info.Mode().IsRegular(): // A link is none: Save would replace it and leave the file that it names behind.
		return nil, time.Time{}, fmt.Errorf("%s is not a regular file, so not of this program: move it away", path)
	case info.Size() > maxStateBytes:
		return nil, time.Time{}, fmt.Errorf("%s has %d bytes, more than the %d of the largest state, so it is not of this program: move it away",
			path, info.Size(), maxStateBytes)
	}
	f, err := s.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // It may have become a FIFO, which would block.
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("%s: %w; make it readable, or name another folder with --state.dir", path, err)
	}
	defer f.Close()
	content, err = io.ReadAll(io.LimitReader(f, maxStateBytes))
	return content, truncate(info.ModTime()), err
}

// dropDamaged removes all damaged state files but latest and the newest of the others, as far as it can.
func (s *Store) dropDamaged(latest string) {
	old, _ := fs.Glob(s.root.FS(), s.name()+".damaged-*") // Sorted by name, and so by time.
	old = slices.DeleteFunc(old, func(name string) bool { return name == latest })
	for _, name := range old[:max(0, len(old)-(keptDamaged-1))] {
		_ = s.root.Remove(name)
	}
}

// Save makes state durable: when it returns nil, a crash or a power failure can't take state back, on a disk that honours
// fsync. When it returns an error, Load returns this State or the one before, whole.
func (s *Store) Save(state State) error {
	if err := s.replace(s.name(), state.encode); err != nil {
		return fmt.Errorf("%w: %w", ErrNotSaved, advise(s.dir(), err))
	}
	return nil
}

// replace writes a file and puts it in the place of another, so that there is always a whole one.
//
// The steps are those of https://lwn.net/Articles/457667/. The last, fsync of the folder, is why this is not a library:
// renameio and natefinch/atomic leave it out, and without it a power failure takes the rename back.
func (s *Store) replace(name string, encode func(io.Writer) error) error {
	if err := s.checkLock(); err != nil {
		return err
	}
	if err := s.before("create"); err != nil {
		return err
	}
	f, err := s.root.OpenFile(s.temporary(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return err
	}
	if err = s.fill(f, name, encode); err != nil {
		_ = f.Close()
		if !errors.Is(err, ErrLockLost) { // Then the temporary file may be another process's.
			_ = s.root.Remove(s.temporary()) // The first error says more.
		}
	}
	return err
}

// fill writes the temporary file f and renames it to name.
func (s *Store) fill(f *os.File, name string, encode func(io.Writer) error) error {
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"write", func() error { return write(f, encode) }},
		{"fsync", f.Sync},
		{"close", f.Close},
		{"rename", func() error {
			if err := s.checkLock(); err != nil { // Again, since another process may have begun.
				return err
			}
			return s.root.Rename(s.temporary(), name)
		}},
		{"fsync folder", s.syncDir},
	} {
		if err := s.before(step.name); err != nil {
			return err
		}
		if err := step.do(); err != nil {
			return err
		}
	}
	return s.before("done")
}

// checkLock returns ErrLockLost unless the lock that is held is the one at its path, in the folder that is held. A folder
// that is replaced after the check is safe: root is still the old one.
func (s *Store) checkLock() error {
	held, err := s.lock.Stat()
	if err != nil {
		return err
	}
	if !held.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file, so not of this program: move it away", s.lock.Path())
	}
	there, err := os.Stat(s.lock.Path())
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(held, there) {
		return fmt.Errorf("%s: %w", s.lock.Path(), ErrLockLost)
	}
	return err
}

// write encodes into f. It returns an error for more than maxStateBytes, which read refuses.
func write(f *os.File, encode func(io.Writer) error) error {
	if err := encode(f); err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Size() > maxStateBytes {
		err = fmt.Errorf("the state has %d bytes and may have %d: restart with a lower --events.max-series and another --state.dir",
			info.Size(), maxStateBytes)
	}
	return err
}

func (s *Store) syncDir() error {
	dir, err := s.root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Begin returns the State to go on from: the one that was saved, or a new epoch at the first start and after a damaged
// file, which it reports. It saves the State, so that a folder that can't be written is found out at the start.
func (s *Store) Begin(now time.Time) (State, *DamagedError, error) {
	state, err := s.Load()
	damaged, isDamaged := errors.AsType[*DamagedError](err)
	switch {
	case isDamaged:
		state = NewEpoch(now)
		state.LostSince = damaged.Since
	case errors.Is(err, fs.ErrNotExist):
		state = NewEpoch(now)
	case err != nil:
		return State{}, nil, err
	}
	state.clamp(truncate(now))
	state.Workspace = s.workspace
	if err := s.Save(state); err != nil {
		return State{}, nil, err
	}
	return state, damaged, nil
}

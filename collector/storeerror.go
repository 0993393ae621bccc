package collector

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// ErrLockLost reports that another process may own the state: the lock file was removed or replaced.
var ErrLockLost = errors.New("the lock of the state is gone, and another process may count in the same folder; stop whatever removes files there, and start again")

// ErrNotSaved is wrapped by the errors of Store.Save.
var ErrNotSaved = errors.New("save state")

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

// advise adds to an error of the file system what to do about it. Other errors say it themselves.
func advise(err error) error {
	errno, ofSystem := errors.AsType[syscall.Errno](err)
	if !ofSystem {
		return err
	}
	advice := "make the folder writable or name another with --state.dir"
	switch errno {
	case syscall.EINVAL, syscall.ESTALE, syscall.ENOLCK, syscall.ENOSYS, syscall.ENOTSUP:
		advice = "this file system lacks the locks or the fsync of folders that keep counts over a crash; name a folder on a local disk with --state.dir"
	case syscall.ENOSPC, syscall.EDQUOT:
		advice = "make room there, or name another folder with --state.dir"
	case syscall.EMFILE, syscall.ENFILE:
		advice = "raise the limit on open files (ulimit -n)"
	case syscall.EIO:
		advice = "the disk fails: see the kernel's log, or name another folder with --state.dir"
	}
	return fmt.Errorf("%w; %s", err, advice)
}

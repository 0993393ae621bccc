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
	"strings"
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

// advise adds to an error of the file system the folder, which os.Root leaves out, and what to do about it. Other errors say it
// themselves.
func advise(dir string, err error) error {
	errno, ofSystem := errors.AsType[syscall.Errno](err)
	if !ofSystem {
		return err
	}
	if !strings.Contains(err.Error(), dir) {
		err = fmt.Errorf("%s: %w", dir, err)
	}
	advice := "make the folder writable or name another with --state.dir"
	switch errno {
	case syscall.EINVAL, syscall.ESTALE, syscall.ENOLCK, syscall.ENOSYS, syscall.ENOTSUP:
		advice = "this file system lacks the locks or the fsync of folders that keep counts over a crash; name a folder on a local disk with --state.dir"
	case syscall.EISDIR, syscall.ENOTDIR, syscall.EEXIST, syscall.ENOTEMPTY:
		advice = "something else lies there: move it away, or name another folder with --state.dir"
	case syscall.ENOSPC, syscall.EDQUOT:
		advice = "make room there, or name another folder with --state.dir"
	case syscall.EMFILE, syscall.ENFILE:
		advice = "raise the limit on open files (ulimit -n)"
	case syscall.EIO:
		advice = "the disk fails: see the kernel's log, or name another folder with --state.dir"
	}
	return fmt.Errorf("%w; %s", err, advice)
}

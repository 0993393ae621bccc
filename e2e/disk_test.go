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

//go:build e2e

package e2e

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// A full disk is like any other failed commit. strace cannot refuse writes to a file that does not exist yet, so the test fills
// a real file system.
func TestFullDiskShowsNoUnsavedCounts(t *testing.T) {
	t.Parallel()
	needRoot(t)
	asana := startAsana(t, simulator.Options{})
	e := newExporter(t, asana, "--asana.poll-interval=200ms", "--events.zero-first=0s")
	// The mount is in the exporter's own mount namespace and ends with it.
	e.attr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	e.around = []string{"sh", "-c", `mkdir -p "$0" && mount -t tmpfs -o size=256k none "$0" && exec "$@"`, e.dir}
	e.start(t)

	e.checkFault(t, func() func() {
		filler := filepath.Join("/proc", strconv.Itoa(e.pid()), "root", e.dir, "filler")
		err := os.WriteFile(filler, make([]byte, 1<<20), 0o600)
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("the disk can't be filled: %v", err)
		}
		return func() {
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
		}
	})
}

var (
	powerCuts = flag.Int("power-cuts", 10, "power cuts on each file system")
	seed      = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the moments of power cuts")
)

// Counts that were shown on /metrics survive a power failure at a random moment. The simulator refuses old positions, so a
// lost commit becomes a gap and a loss.
func TestShownCountsSurvivePowerFailure(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for _, row := range []struct {
		mkfs, install string
		size          int64 // The minimum of mkfs.
	}{
		{"mkfs.ext4", "install Debian's package e2fsprogs", 16 << 20},
		{"mkfs.xfs", "install Debian's package xfsprogs", 300 << 20},
	} {
		t.Run(row.mkfs, func(t *testing.T) {
			t.Parallel()
			asana := startAsana(t, simulator.Options{Rate: 200, PageSize: 40})
			disk := newDisk(t, lookUp(t, row.mkfs, row.install), row.size)
			disk.mount(t)
			e := newExporter(t, asana, "--asana.poll-interval=20ms", "--events.zero-first=0s")
			e.dir = filepath.Join(disk.mountPoint, "state")
			strace := e.traced(t, "write,fsync,close,openat,"+renames)
			e.start(t)
			e.survivePowerCuts(t, disk, strace)
			asana.Freeze()
			e.waitForTruth(t)
			e.kill(t)
		})
	}
}

// survivePowerCuts cuts the power at random moments, nine of ten times during a commit, and checks what the exporter shows
// after each. It prints where the cuts fell, which strace saw.
func (e *exporter) survivePowerCuts(t *testing.T, disk disk, strace *tracer) {
	t.Helper()
	t.Logf("-seed %d", *seed)
	dice := rand.New(rand.NewPCG(*seed, 0))
	fell := map[string]int{}
	e.waitForEvents(t)
	for range *powerCuts {
		before := e.waitForCommits(t, dice.IntN(10)) // Now, since a scrape takes longer than a commit.
		if dice.IntN(10) > 0 {
			e.untilCommit(t)
			spin(time.Duration(dice.Int64N(int64(before.usualCommit()))))
		}
		fell[e.cutPower(t, disk, strace)]++
		e.start(t)
		checkRuleZ(t, before, e.waitForEvents(t))
	}
	inside := *powerCuts - fell[elsewhere]
	delete(fell, elsewhere)
	t.Logf("%d power cuts, %d of them between the first write and the last fsync of a commit: %v", *powerCuts, inside, fell)
}

// waitForEvents returns the first scrape with events, which are hidden until the first catch-up is complete.
func (e *exporter) waitForEvents(t *testing.T) (x exposition) {
	t.Helper()
	waitFor(t, patience, func() error {
		if x = e.mustScrape(t); len(x.events) == 0 {
			return errors.New("no events are shown")
		}
		return nil
	})
	return x
}

// waitForCommits returns a scrape after so many more commits.
func (e *exporter) waitForCommits(t *testing.T, more int) (x exposition) {
	t.Helper()
	commits := func() float64 {
		x = e.mustScrape(t)
		return x.sums["asana_exporter_state_commits_total"]
	}
	target := commits() + float64(more)
	poll(t, patience, 5*time.Millisecond, func() error {
		if commits() < target {
			return fmt.Errorf("less than %d more commits", more)
		}
		return nil
	})
	return x
}

// usualCommit returns how long a commit takes on average.
func (x exposition) usualCommit() time.Duration {
	const name = "asana_exporter_state_commit_duration_seconds"
	return time.Duration(x.sums[name+"_sum"] / x.sums[name+"_count"] * float64(time.Second))
}

// untilCommit waits until the exporter begins to write its state.
func (e *exporter) untilCommit(t *testing.T) {
	t.Helper()
	poll(t, patience, 20*time.Microsecond, func() error {
		_, err := os.Lstat(e.temporary())
		return err
	})
}

// spin waits for times that are too short for time.Sleep.
func spin(d time.Duration) {
	for begin := time.Now(); time.Since(begin) < d; {
		runtime.Gosched()
	}
}

// cutPower kills the exporter, cuts off the disk at once, and mounts it again. It returns the step of a commit that was cut.
//
// The system call that a thread is in goes on meanwhile, but nobody sees its result. SIGSTOP would not do: it lets threads run
// for a while, and XFS lets an fsync of a folder succeed after the cut, which the exporter would believe.
func (e *exporter) cutPower(t *testing.T, disk disk, strace *tracer) (step string) {
	t.Helper()
	pid := e.pid()
	if err := e.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	disk.cutOff(t)
	e.wait(t)
	// A process that another test is starting just now may still have a copy of a file on the disk.
	waitFor(t, patience, func() error { return syscall.Unmount(disk.mountPoint, 0) })
	disk.mount(t)
	waitFor(t, patience, func() error { return strace.sawDeathOf(pid) })
	return strace.interrupted(t, e)
}

// temporary returns the path of the file that a commit writes first.
func (e *exporter) temporary() string { return filepath.Join(e.dir, e.asana.workspace+".json.tmp") }

// A disk is a file system on a file.
type disk struct{ image, mountPoint string }

// newDisk returns a disk that is not mounted yet. What uses it must be made later, so that it ends earlier.
func newDisk(t *testing.T, mkfs string, size int64) disk {
	t.Helper()
	d := disk{image: filepath.Join(t.TempDir(), "image"), mountPoint: t.TempDir()}
	t.Cleanup(func() { _ = syscall.Unmount(d.mountPoint, 0) })
	if err := os.WriteFile(d.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(d.image, size); err != nil {
		t.Fatal(err)
	}
	command(t, mkfs, "-q", d.image)
	return d
}

func (d disk) mount(t *testing.T) {
	t.Helper()
	command(t, "mount", "-o", "loop", d.image, d.mountPoint)
}

// cutOff ends the file system as a power failure does: without a chance to write what it still holds in memory.
func (d disk) cutOff(t *testing.T) {
	t.Helper()
	const (
		shutdown   = 0x8004587d // FS_IOC_SHUTDOWN
		noLogFlush = 2          // FS_SHUTDOWN_FLAGS_NOLOGFLUSH
	)
	root, err := os.Open(d.mountPoint)
	if err != nil {
		t.Fatal(err)
	}
	flag := uint32(noLogFlush)
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, root.Fd(), shutdown, uintptr(unsafe.Pointer(&flag)))
	root.Close()
	if errno != 0 {
		t.Fatalf("shut down the file system: %v", errno)
	}
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("only root can mount a file system; run this test as root, or leave it out with -skip")
	}
}

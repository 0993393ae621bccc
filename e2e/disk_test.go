//go:build e2e

package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"unsafe"

	"asana_exporter/simulator"
)

// No room for the temporary file is like any other failure. strace can't refuse writes to a file whose name it doesn't
// know beforehand, so this is a real file system, and really full.
func TestOnAFullDiskNothingIsShownThatIsNotSaved(t *testing.T) {
	t.Parallel()
	needRoot(t)
	asana := startAsana(t, simulator.Options{})
	e := newExporter(t, asana, "--asana.poll-interval=200ms", "--events.zero-first=0s")
	// The file system is in a name space of the exporter's own and ends with it.
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

// What was seen on /metrics is on the disk after a power failure: the exporter is killed and the file system cut off
// without a chance to write what it still holds in memory. The simulator refuses the older position, so a commit that
// was taken back becomes a gap and a loss.
func TestWhatWasShownSurvivesAPowerFailure(t *testing.T) {
	t.Parallel()
	needRoot(t)
	disk := newDisk(t)
	asana := startAsana(t, simulator.Options{})
	e := newExporter(t, asana, "--asana.poll-interval=50ms", "--events.zero-first=0s")
	e.dir = filepath.Join(disk.mountPoint, "state")
	disk.mount(t)
	e.start(t)
	for range 5 {
		asana.work(6)
		before := e.waitForTruth(t)
		asana.hold(t)() // The new position is in use.
		e.kill(t)
		disk.cutOff(t)
		disk.mount(t)
		e.start(t)
		checkRuleZ(t, before, e.waitForTruth(t))
	}
	e.kill(t)
}

// A disk is a file system on a file.
type disk struct{ image, mountPoint string }

// newDisk returns a disk that is not mounted yet. What uses it must be made later, so that it ends earlier.
func newDisk(t *testing.T) disk {
	t.Helper()
	d := disk{image: filepath.Join(t.TempDir(), "image"), mountPoint: t.TempDir()}
	t.Cleanup(func() { _ = syscall.Unmount(d.mountPoint, 0) })
	if err := os.WriteFile(d.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(d.image, 16<<20); err != nil {
		t.Fatal(err)
	}
	command(t, lookUp(t, "mkfs.ext4", "install Debian's package e2fsprogs"), "-q", d.image)
	return d
}

func (d disk) mount(t *testing.T) {
	t.Helper()
	command(t, "mount", "-o", "loop", d.image, d.mountPoint)
}

// cutOff ends the file system as a power failure does and unmounts it.
func (d disk) cutOff(t *testing.T) {
	t.Helper()
	const (
		shutdown   = 0x8004587d // FS_IOC_SHUTDOWN
		noLogFlush = 2          // FS_SHUTDOWN_FLAGS_NOLOGFLUSH
	)
	// A process that another test starts just now would keep the disk busy, with a copy of the file that is opened here.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
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
	if err := syscall.Unmount(d.mountPoint, 0); err != nil {
		t.Fatalf("unmount: %v", err)
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

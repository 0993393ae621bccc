package main

import (
	"context"
	"os"
	"syscall"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

// tokenFileEvery is the time between two looks at the token file.
const tokenFileEvery = 5 * time.Second

// refresh calls pollNow after a SIGHUP or a change of the token file, until ctx ends. The client reads the token
// for each request, so that nothing else needs to be read again.
func refresh(ctx context.Context, hangups <-chan os.Signal, tokenFile string, pollNow func(), logger log.Logger) error {
	ticker := time.NewTicker(tokenFileEvery)
	defer ticker.Stop()
	last := look(tokenFile)
	warnIfReadable(tokenFile, last, logger)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangups:
			level.Info(logger).Log("msg", "SIGHUP: reading the token file again and polling now")
			pollNow()
		case <-ticker.C:
			now := look(tokenFile)
			changed := now != nil && !sameFile(last, now) // Polls report a file that can't be read.
			if last = now; !changed {
				continue
			}
			warnIfReadable(tokenFile, now, logger)
			level.Info(logger).Log("msg", "token file changed: polling now", "file", tokenFile)
			pollNow()
		}
	}
}

// look describes the token file; nil while it can't be opened, so that a repaired mode, owner or path is a change, too. It
// follows links, such as those of Kubernetes' ..data.
func look(tokenFile string) os.FileInfo {
	f, err := os.OpenFile(tokenFile, os.O_RDONLY|syscall.O_NONBLOCK, 0) // A FIFO would block.
	if err != nil {
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	return info
}

// sameFile reports whether nobody replaced, wrote or opened to others the file between two looks.
func sameFile(before, now os.FileInfo) bool {
	return before != nil && os.SameFile(before, now) && before.ModTime().Equal(now.ModTime()) &&
		before.Size() == now.Size() && before.Mode() == now.Mode()
}

// warnIfReadable warns of a token file that every user of the machine can read. A group is usual: Kubernetes' fsGroup.
func warnIfReadable(tokenFile string, info os.FileInfo, logger log.Logger) {
	if info != nil && info.Mode().Perm()&0o007 != 0 {
		level.Warn(logger).Log("msg", "every user of this machine can read or change the token file: run chmod o= on it",
			"file", tokenFile, "mode", info.Mode().Perm())
	}
}

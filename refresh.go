package main

import (
	"context"
	"os"
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
	last, _ := os.Stat(tokenFile) // Nil where it is missing: then its return is a change.
	warnIfReadable(tokenFile, last, logger)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangups:
			level.Info(logger).Log("msg", "SIGHUP: reading the token file again and polling now")
			pollNow()
		case <-ticker.C:
			now, err := os.Stat(tokenFile) // Follows links, such as those of Kubernetes' ..data.
			if err != nil || sameFile(last, now) {
				continue // A file that is being replaced may be missing for a moment; polls report one that stays away.
			}
			last = now
			warnIfReadable(tokenFile, now, logger)
			level.Info(logger).Log("msg", "token file changed: polling now", "file", tokenFile)
			pollNow()
		}
	}
}

// sameFile reports whether nobody replaced or wrote the file between two calls of os.Stat.
func sameFile(before, now os.FileInfo) bool {
	return before != nil && os.SameFile(before, now) && before.ModTime().Equal(now.ModTime()) && before.Size() == now.Size()
}

// warnIfReadable warns of a token file that every user of the machine can read. A group is usual: Kubernetes' fsGroup.
func warnIfReadable(tokenFile string, info os.FileInfo, logger log.Logger) {
	if info != nil && info.Mode().Perm()&0o007 != 0 {
		level.Warn(logger).Log("msg", "every user of this machine can read or change the token file: run chmod o= on it",
			"file", tokenFile, "mode", info.Mode().Perm())
	}
}

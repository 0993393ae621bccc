package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
)

func TestPollsAtOnceAfterAChangeOfTheTokenFileAndSIGHUP(t *testing.T) {
	// As Kubernetes mounts a Secret: token -> ..data/token, ..data -> ..1, which is swapped for ..2 in one step.
	dir := t.TempDir()
	file := filepath.Join(dir, "token")
	write := func(path, token string) {
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, []byte(token), 0o600))
	}
	link := func(to, name string) {
		must(t, os.Symlink(to, filepath.Join(dir, "new")))
		must(t, os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, name)))
	}
	write(filepath.Join(dir, "..1", "token"), "one")
	write(filepath.Join(dir, "..2", "token"), "two")
	link("..1", "..data")
	link("..data/token", "token")
	synctest.Test(t, func(t *testing.T) {
		polls, hangups, logs := 0, make(chan os.Signal, 1), &logbook{}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = refresh(ctx, hangups, file, func() { polls++ }, log.NewLogfmtLogger(logs)) }()
		wait := func() { // What breaks is not yet the change.
			time.Sleep(time.Minute)
			synctest.Wait()
			polls = 0
		}
		for _, step := range []struct {
			name string
			do   func()
			want int
			logs string
		}{
			{"nothing", func() {}, 0, ""},
			{"a swapped link", func() { link("..2", "..data") }, 1, `msg="token file changed: polling now" file=` + file},
			{"a file written in place", func() { write(file, "three") }, 1, `msg="token file changed`},
			{"a file as long as before", func() {
				write(file, "THREE")
				must(t, os.Chtimes(file, time.Time{}, time.Unix(1, 0)))
			}, 1, `msg="token file changed`},
			{"a file that goes away", func() { must(t, os.Remove(file)) }, 0, ""},
			{"a file that others can read", func() {
				write(file, "four")
				must(t, os.Chmod(file, 0o604))
			}, 1, `run chmod o= on it" file=` + file + " mode=-rw----r--"},
			{"a mode that is repaired", func() {
				must(t, os.Chmod(file, 0))
				wait()
				must(t, os.Chmod(file, 0o600))
			}, 1, `msg="token file changed`},
			{"a folder that comes back as it was", func() {
				must(t, os.Rename(dir, dir+"-away"))
				wait()
				must(t, os.Rename(dir+"-away", dir))
			}, 1, `msg="token file changed`},
			{"a pipe in its place", func() {
				must(t, os.Remove(file))
				must(t, syscall.Mkfifo(file, 0o600))
			}, 1, `msg="token file changed`},
			{"SIGHUP", func() { hangups <- syscall.SIGHUP }, 1, `msg="SIGHUP: `},
		} {
			start := logs.len()
			polls = 0
			step.do()
			time.Sleep(time.Minute)
			synctest.Wait()
			if text, _ := logs.from(start); polls != step.want || !strings.Contains(text, step.logs) || (text == "") != (step.logs == "") {
				t.Errorf("%s: %d polls, want %d; it logged %s", step.name, polls, step.want, text)
			}
		}
		cancel()
		synctest.Wait()
	})
}

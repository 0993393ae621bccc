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

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync/atomic"
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
		polls, hangups, logs := &atomic.Int64{}, make(chan os.Signal, 1), &logbook{}
		files := &tokenFiles{config: config{workspace: testWorkspace, tokenFile: file}, logger: log.NewLogfmtLogger(logs)}
		_, err := files.look()
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		go refresh(ctx, hangups, files, polled{polls})
		wait := func() { // What breaks is not yet the change.
			time.Sleep(time.Minute)
			synctest.Wait()
			polls.Store(0)
		}
		for _, step := range []struct {
			name string
			do   func()
			want int64
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
			polls.Store(0)
			step.do()
			time.Sleep(time.Minute)
			synctest.Wait()
			if text, _ := logs.from(start); polls.Load() != step.want || !strings.Contains(text, step.logs) || (text == "") != (step.logs == "") {
				t.Errorf("%s: %d polls, want %d; it logged %s", step.name, polls.Load(), step.want, text)
			}
		}
		cancel()
		synctest.Wait()
	})
}

// polled counts polls of the only workspace.
type polled struct{ times *atomic.Int64 }

func (p polled) pollNow(gids []string)                { p.times.Add(int64(len(gids))) }
func (polled) start(_ context.Context, gids []string) { wantNone(gids) }
func (polled) stop(gids []string)                     { wantNone(gids) }

func wantNone(gids []string) {
	if len(gids) > 0 {
		panic("the only workspace comes or goes")
	}
}

// Each look finds what has changed since the one before it, and names that can't be right are told once.
func TestLooksAtAFolderOfTokens(t *testing.T) {
	t.Parallel()
	dir, logs := t.TempDir(), &logbook{}
	write := func(name, content string) { must(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600)) }
	files := &tokenFiles{config: config{tokenDir: dir}, logger: log.NewLogfmtLogger(logs)}
	for _, step := range []struct {
		name string
		do   func()
		want changes
		logs string // A pattern.
	}{
		{"an empty folder", func() {}, changes{}, ""},
		{"two files", func() { write("2", "b"); write("1", "a") }, changes{appeared: []string{"1", "2"}}, ""},
		{"nothing", func() {}, changes{}, ""},
		{"what is no token", func() {
			for _, name := range []string{".hidden", "1~", "#1#", ".1.swp"} {
				write(name, "a")
			}
			must(t, os.Mkdir(filepath.Join(dir, "3"), 0o700))
			must(t, os.Mkdir(filepath.Join(dir, "old"), 0o700))
			must(t, os.Symlink("3", filepath.Join(dir, "4")))
		}, changes{}, ""},
		{"names that are no gids", func() { write("README", ""); write("1.txt", "a") }, changes{}, `^(level=warn msg="a file among the tokens is ignored: its name is no gid" file=\S+\n){2}$`},
		{"the same again", func() {}, changes{}, ""},
		{"another content, an empty file and one that goes", func() {
			write("1", "another")
			write("5", "")
			must(t, os.Remove(filepath.Join(dir, "2")))
		}, changes{appeared: []string{"5"}, changed: []string{"1"}, gone: []string{"2"}}, `^level=info msg="token file changed: polling now" file=\S+/1\n$`},
		{"a folder that goes away", func() { must(t, os.Rename(dir, dir+"-away")) }, changes{}, `^level=error msg="folder of tokens not read: its workspaces stay as they are" err=.*\n$`},
		{"a folder that stays away", func() {}, changes{}, ""},
		{"a folder that comes back", func() { must(t, os.Rename(dir+"-away", dir)) }, changes{changed: []string{"1", "5"}}, `^level=info msg="folder of tokens can be read again"\n$`},
		{"a link to nowhere", func() { must(t, os.Symlink("nowhere", filepath.Join(dir, "6"))) }, changes{appeared: []string{"6"}}, ""},
		{"more files than a folder of tokens has", func() {
			for i := range mostTokenFiles {
				write(fmt.Sprint(".", i), "")
			}
		}, changes{}, `^level=error msg="folder of tokens not read: .* more than 1000 files; .*\n$`},
	} {
		start := logs.len()
		step.do()
		got := files.lookAgain()
		if text, _ := logs.from(start); !reflect.DeepEqual(got, step.want) || (text == "") != (step.logs == "") || !regexp.MustCompile(step.logs).MatchString(text) {
			t.Errorf("%s: %+v, want %+v; it logged %s", step.name, got, step.want, text)
		}
	}
}

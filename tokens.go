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
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/asana-exporter/asana_exporter/client"
)

const (
	// tokenFilesEvery is the time between two looks at the token files.
	tokenFilesEvery = 5 * time.Second
	// mostTokenFiles is how many files a folder of tokens may have.
	mostTokenFiles = 1000
)

// tokenFiles watches the token file, or the files of a folder of tokens, which come and go. It reads none of them: the client reads
// the token for each request.
type tokenFiles struct {
	config config
	logger log.Logger

	seen    map[string]os.FileInfo // By gid; nil for a file that can't be opened.
	odd     map[string]bool        // Names that are no gids.
	failing string                 // Why the folder can't be read; empty if it can.
}

// changes are the gids of the workspaces whose token files appeared, changed or went away between two looks, in order.
type changes struct{ appeared, changed, gone []string }

// A follower follows workspaces; *workspaces is one.
type follower interface {
	start(ctx context.Context, gids []string)
	stop(gids []string)
	pollNow(gids []string)
}

// refresh tells spaces what happens to the token files, and to poll after SIGHUP, until ctx ends.
func refresh(ctx context.Context, hangups <-chan os.Signal, files *tokenFiles, spaces follower) {
	ticker := time.NewTicker(tokenFilesEvery)
	defer ticker.Stop()
	for {
		hangup := false
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			level.Info(files.logger).Log("msg", "SIGHUP: reading the token file again and polling now")
			hangup = true
		case <-ticker.C:
		}
		found := files.lookAgain()
		spaces.stop(found.gone)
		spaces.start(ctx, found.appeared)
		if hangup {
			found.changed = slices.Sorted(maps.Keys(files.seen))
		}
		spaces.pollNow(found.changed)
	}
}

// lookAgain is look for a folder that could be read at the start. While it can't be read nothing changes. When it can be read again all
// files count as changed: polls could not read them meanwhile, and the next ones may be minutes away.
func (t *tokenFiles) lookAgain() changes {
	found, err := t.look()
	switch {
	case err == nil && t.failing != "":
		t.failing = ""
		found.changed = slices.Sorted(maps.Keys(t.seen))
		level.Info(t.logger).Log("msg", "folder of tokens can be read again")
	case err != nil && err.Error() != t.failing:
		t.failing = err.Error()
		level.Error(t.logger).Log("msg", "folder of tokens not read: its workspaces stay as they are", "err", err)
	}
	return found
}

// look returns what has changed since the last look.
func (t *tokenFiles) look() (found changes, err error) {
	gids, err := t.find()
	if err != nil {
		return changes{}, err
	}
	seen := make(map[string]os.FileInfo, len(gids))
	for _, gid := range gids {
		file := t.config.of(gid).tokenFile
		now := look(file)
		if now != nil && now.IsDir() && t.config.tokenDir != "" {
			continue
		}
		seen[gid] = now
		before, known := t.seen[gid]
		switch {
		case !known:
			found.appeared = append(found.appeared, gid)
		case now == nil || sameFile(before, now): // Polls report a file that can't be read.
			continue
		default:
			level.Info(t.logger).Log("msg", "token file changed: polling now", "file", file)
			found.changed = append(found.changed, gid)
		}
		warnIfReadable(file, now, t.logger)
	}
	for gid := range t.seen {
		if _, there := seen[gid]; !there {
			found.gone = append(found.gone, gid)
		}
	}
	t.seen = seen
	return found, nil
}

// find returns the gids of the workspaces that have a token file. It warns once of a name that looks like a mistake.
func (t *tokenFiles) find() (gids []string, err error) {
	if t.config.tokenDir == "" {
		return []string{t.config.workspace}, nil
	}
	entries, err := readDir(t.config.tokenDir)
	if err != nil {
		return nil, fmt.Errorf("folder of tokens: %w; --asana.token-dir must name a folder that this user can read", err)
	}
	odd := map[string]bool{}
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case client.CheckWorkspace(name) == nil:
			gids = append(gids, name)
		case entry.IsDir() || isLeftover(name):
		default:
			if odd[name] = true; !t.odd[name] {
				level.Warn(t.logger).Log("msg", "a file among the tokens is ignored: its name is no gid", "file", filepath.Join(t.config.tokenDir, name))
			}
		}
	}
	t.odd = odd
	slices.Sort(gids)
	return gids, nil
}

// readDir returns what is in a folder of tokens.
func readDir(path string) ([]os.DirEntry, error) {
	dir, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(mostTokenFiles + 1)
	switch {
	case err != nil && !errors.Is(err, io.EOF): // An empty folder is no error.
		return nil, err
	case len(entries) > mostTokenFiles:
		return nil, fmt.Errorf("%s has more than %d files", path, mostTokenFiles)
	}
	return entries, nil
}

// isLeftover reports whether a file is hidden, or a copy that an editor keeps. Kubernetes' ..data is hidden, too.
func isLeftover(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") || strings.HasSuffix(name, "~")
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

// sameFile reports whether a file was not replaced, not written and not given another mode between two looks.
func sameFile(before, now os.FileInfo) bool {
	return before != nil && os.SameFile(before, now) && before.ModTime().Equal(now.ModTime()) &&
		before.Size() == now.Size() && before.Mode() == now.Mode()
}

// warnIfReadable warns of a token file that every user of the machine can read. A group is usual: Kubernetes' fsGroup.
func warnIfReadable(tokenFile string, info os.FileInfo, logger log.Logger) {
	if info != nil && info.Mode().IsRegular() && info.Mode().Perm()&0o007 != 0 {
		level.Warn(logger).Log("msg", "every user of this machine can read or change the token file: run chmod o= on it",
			"file", tokenFile, "mode", info.Mode().Perm())
	}
}

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
	"net/http"
	"strings"
	"sync"

	"github.com/asana-exporter/asana_exporter/client"
)

// check asks Asana about each workspace, and prints a line with what to do for each. It returns an error unless all are
// well, and changes nothing: neither a folder nor a position, since a request without a sync token gets a new one.
func check(ctx context.Context, c config, stdout io.Writer, logs loggers) error {
	files := &tokenFiles{config: c, logger: logs.kit}
	found, err := files.look()
	if err != nil {
		return err
	}
	if len(found.appeared) == 0 {
		return fmt.Errorf("no workspace to check: %s has no file named by a gid", c.tokenDir)
	}
	verdicts := make([]verdict, len(found.appeared))
	var all sync.WaitGroup
	for i, gid := range found.appeared {
		all.Go(func() {
			name, err := ask(ctx, c.of(gid))
			verdicts[i] = verdict{gid, name, err}
		})
	}
	all.Wait()
	failed := 0
	for _, v := range verdicts {
		fmt.Fprintln(stdout, v)
		if v.err != nil {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d workspaces failed the check", failed, len(verdicts))
	}
	return nil
}

// A verdict is the result of checking one workspace.
type verdict struct {
	gid, name string
	err       error
}

func (v verdict) String() string {
	switch {
	case v.err != nil:
		reason := strings.Join(strings.Fields(v.err.Error()), " ")
		if !strings.HasSuffix(reason, "?") { // Some ask what may be wrong.
			reason += "."
		}
		return fmt.Sprintf("%s failed: %s What to do: docs/runbook.md, %s.", v.gid, reason, runbookSection(v.err))
	case v.name == "":
		return v.gid + " ok: the token is accepted and may read the events"
	}
	return fmt.Sprintf("%s ok: the token is accepted and may read the events of %.100q", v.gid, v.name) // Asana may send any name.
}

// ask returns the name of a workspace, if Asana tells it, and why its events can't be read.
func ask(ctx context.Context, c config) (name string, err error) {
	source, err := newSource(c, nil, nil)
	if err != nil {
		return "", err
	}
	defer source.CloseIdleConnections()
	_, err = source.Events(ctx, "")
	expired, isExpired := errors.AsType[*client.SyncExpiredError](err)
	refused, isRefused := errors.AsType[*client.StatusError](err)
	limited, isLimited := errors.AsType[*client.RateLimitError](err)
	switch {
	case isExpired && expired.Sync != "":
		err = nil
	case isExpired:
		return "", errors.New("no sync token came: try again, and tell Asana's support if that goes on")
	case isLimited:
		return "", fmt.Errorf("%w: something else uses the same token; try again later", limited)
	case err != nil && (!isRefused || refused.Status == http.StatusUnauthorized):
		return "", err
	}
	name, nameErr := source.WorkspaceName(ctx)
	if err != nil && nameErr == nil {
		err = fmt.Errorf("the token is accepted and the gid is that of %q, but its events are %w", name, err)
	}
	return name, err
}

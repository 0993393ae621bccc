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
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// Each answer of Asana gives one line that says what to do, and nothing is changed on the disk.
func TestCheckSaysWhatIsWrongAndChangesNothing(t *testing.T) {
	t.Parallel()
	status := func(status int) simulator.Fault { return simulator.Fault{Kind: simulator.Status, Status: status} }
	for _, row := range []struct {
		name    string
		fault   simulator.Fault
		changes []string
		want    string // A pattern.
	}{
		{"all is well", simulator.Fault{}, nil, ` ok: the token is accepted and may read the events of "Example Company"`},
		{"another token", simulator.Fault{}, []string{"--asana.token-file", file(t, "another")}, ` failed: refused: 401 Unauthorized: .*\(is the token that of a service account, and not revoked\?\)`},
		{"another gid", simulator.Fault{}, []string{"--asana.workspace", "12"}, ` failed: refused: 404 Not Found: .*\(is the workspace's gid right, and does the service account belong to its domain\?\)`},
		{"a personal token", status(http.StatusForbidden), nil, ` failed: the token is accepted and the gid is that of "Example Company", but its events are refused: 403 .*only a service account of an Enterprise\+ domain may`},
		{"a small plan", status(http.StatusPaymentRequired), nil, ` failed: the token is accepted and .* its events are refused: 402 .* What to do: docs/runbook.md, AsanaRequestsRefused\.$`},
		{"trouble at Asana", status(http.StatusInternalServerError), nil, ` failed: .*refused: 500 .* What to do: docs/runbook.md, AsanaPollsFailing\.$`},
		{"too many requests", simulator.Fault{Kind: simulator.Status, Status: http.StatusTooManyRequests, RetryAfter: time.Minute}, nil, ` failed: rate limited, retry after 1m0s: something else uses the same token; try again later\. What to do: docs/runbook.md, AsanaRateLimited\.$`},
		{"no sync token", simulator.Fault{Kind: simulator.ExpireNoSync}, nil, ` failed: no sync token came: try again`},
		{"garbage", simulator.Fault{Kind: simulator.Garbage}, nil, ` failed: unusable answer: .* What to do: docs/runbook.md, AsanaPollsFailing\.$`},
		{"no answer", simulator.Fault{Kind: simulator.Hang}, []string{"--asana.timeout", "100ms"}, ` failed: no complete answer within 100ms\. What to do: docs/runbook.md, AsanaPollsFailing\.$`},
		{"no server", simulator.Fault{}, []string{"--asana.url", "http://127.0.0.1:1"}, ` failed: 127.0.0.1: .*connection refused`},
		{"no token", simulator.Fault{}, []string{"--asana.token-file", "nowhere"}, ` failed: token file: open nowhere: no such file .*; it must be a file with `},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			asana, url := newAsana(t, simulator.Options{Token: testToken})
			if row.fault.Kind != "" {
				asana.Inject(row.fault)
			}
			state := filepath.Join(t.TempDir(), "state")
			wantCheck(t, []string{row.want}, append(arguments(t, append([]string{"--asana.url", url, "--state.dir", state}, row.changes...)...), "--check")...)
			if _, err := os.Stat(state); !os.IsNotExist(err) {
				t.Errorf("the state folder: %v", err)
			}
		})
	}
}

// wantCheck runs the program and compares the lines that it prints with patterns, and its exit code with whether all are well.
func wantCheck(t *testing.T, lines []string, args ...string) {
	t.Helper()
	p := spawn(t, "", args...)
	code := p.exit(t)
	printed := strings.Split(strings.TrimSuffix(p.stdout.String(), "\n"), "\n")
	want := 0
	for i, pattern := range lines {
		if strings.Contains(pattern, " failed: ") {
			want = 1
		}
		if len(printed) != len(lines) || !regexp.MustCompile(`^\d+`+pattern).MatchString(printed[i]) {
			t.Errorf("printed %q, want %q", printed, lines)
		}
	}
	if failed := strings.Contains(p.stderr.String(), "asana_exporter: error: "); code != want || failed != (want == 1) {
		t.Errorf("exit code %d, want %d; on stderr: %s", code, want, &p.stderr)
	}
	if strings.Contains(p.stdout.String()+p.stderr.String(), testToken) {
		t.Error("the token is in what it printed")
	}
}

func TestCheckAsksAboutEachWorkspaceOfAFolder(t *testing.T) {
	t.Parallel()
	asana := newCompany(t, 3, simulator.Options{})
	folder := &secret{dir: t.TempDir()}
	of := tokens(asana.gids...)
	of[asana.gids[1]] = "another"
	folder.put(t, of)
	args := append(inFolder(t, asana.url, folder.dir), "--check")
	wantCheck(t, []string{` ok: .*"Company ` + asana.gids[0], ` failed: refused: 401`, ` ok: .*"Company ` + asana.gids[2]}, args...)
	folder.put(t, tokens(asana.gids...))
	wantCheck(t, []string{` ok`, ` ok`, ` ok`}, args...)
	folder.put(t, nil)
	wantBadStart(t, `^no workspace to check: \S+ has no file named by a gid$`, args...)
}

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
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// Asana's own client reads the simulator as it reads Asana: a first 412 with a position, pages with has_more, another 412 later.
// Its counts are those that the simulator expects of a correct client.
func TestAsanaNodeClientReadsTheSimulator(t *testing.T) {
	t.Parallel()
	dir := installClient(t) // First, since events go on while npm works.
	asana := startAsana(t, simulator.Options{Seed: 1, Rate: 200})
	node := startNode(t, dir, asana)

	node.reads(t, 0, 1) // A position.
	asana.Incident(2500)
	node.reads(t, 3, 1) // While events go on.
	asana.Freeze()
	first := node.reads(t, 3, 1)
	if err := differ("Node", first, asana.Truth()); err != nil {
		t.Error(err)
	}

	asana.Inject(simulator.Fault{Kind: simulator.Expire})
	asana.work(30) // Lost with the refused position.
	node.reads(t, 3, 2)
	asana.work(1200)
	second := node.reads(t, 5, 2)
	if err := differ("Node", second, asana.Truth()); err != nil {
		t.Error(err)
	}
	if total(second) != total(first)+1200 {
		t.Errorf("%d events, then %d: 1200 came", total(first), total(second))
	}
	t.Logf("Node counted %d events in %d label sets", total(second), len(second))
}

// node is a running events.js.
type node struct {
	in  io.Writer
	out *json.Decoder
	log buffer
}

func startNode(t *testing.T, dir string, asana *asana) *node {
	t.Helper()
	cmd := exec.Command(lookUp(t, "node", "install Node 20 or later"), "events.js", asana.url+"/api/1.0", asana.workspace, asana.token)
	cmd.Dir = dir
	n := &node{}
	cmd.Stderr = &n.log
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	n.in, n.out = in, json.NewDecoder(bufio.NewReader(out))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // It was killed.
	})
	return n
}

// installClient has npm install Asana's client beside a copy of events.js, and returns the folder.
func installClient(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"events.js", "package.json", "package-lock.json"} {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	npm := lookUp(t, "npm", "install Node 20 or later, with npm")
	install := exec.Command(npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", install, err, out)
	}
	return dir
}

// reads lets the client read to the end and returns what it has counted by then. It checks how many pages and how many
// refused positions there were by then: at least the pages given, since the stream may have moved on meanwhile.
func (n *node) reads(t *testing.T, pages, expired int) map[simulator.Labels]uint64 {
	t.Helper()
	if _, err := fmt.Fprintln(n.in, "read"); err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Counts []struct {
			simulator.Labels
			Count uint64
		}
		Pages, Expired int
	}
	if err := n.out.Decode(&answer); err != nil {
		t.Fatalf("Asana's client: %v\n%s", err, n.log.String())
	}
	if answer.Pages < pages || answer.Expired != expired {
		t.Errorf("%d pages and %d refused positions by now, want %d and %d", answer.Pages, answer.Expired, pages, expired)
	}
	counts := map[simulator.Labels]uint64{}
	for _, c := range answer.Counts {
		counts[c.Labels] = c.Count
	}
	return counts
}

func total(counts map[simulator.Labels]uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}

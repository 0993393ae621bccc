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
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// oversleep makes the state in dir look as if nobody had polled for so long: the next page is a backlog. It reports whether
// there is a state to change.
func oversleep(t *testing.T, dir string, slept time.Duration) bool {
	t.Helper()
	body, err := stateBody(dir)
	must(t, err)
	atEnd := regexp.MustCompile(`"at_end":"([^"]+)"`)
	found := atEnd.FindSubmatch(body)
	if found == nil {
		return false
	}
	at, err := time.Parse(time.RFC3339, string(found[1]))
	must(t, err)
	earlier := at.Add(-slept).Format(time.RFC3339Nano)
	writeState(t, dir, atEnd.ReplaceAll(body, []byte(`"at_end":"`+earlier+`"`)))
	return true
}

// diskState is the part of a state file that the tests read, with a decoder of their own.
type diskState struct {
	epoch   time.Time
	token   string
	counted map[simulator.Labels]uint64 // Without zeros.
}

// readState reads the state file in dir; it is empty where there is none.
func readState(dir string) (diskState, error) {
	body, err := stateBody(dir)
	if body == nil {
		return diskState{}, err
	}
	var content struct {
		Epoch  time.Time `json:"epoch"`
		Token  string    `json:"token"`
		Series []struct {
			simulator.Labels

			Value uint64 `json:"value"`
		} `json:"series"`
	}
	if err := json.Unmarshal(body, &content); err != nil {
		return diskState{}, fmt.Errorf("%w in %s", err, body)
	}
	state := diskState{content.Epoch, content.Token, map[simulator.Labels]uint64{}}
	for _, series := range content.Series {
		if series.Value > 0 {
			state.counted[series.Labels] = series.Value
		}
	}
	return state, nil
}

// stateBody returns what the checksum of the state file in dir covers; nil if there is no file.
func stateBody(dir string) ([]byte, error) { return sealedBody(statePath(dir)) }

// sealedBody returns what the checksum of a file covers; nil if there is no file.
func sealedBody(path string) ([]byte, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var file struct {
		State json.RawMessage `json:"state"`
	}
	if err := json.Unmarshal(content, &file); err != nil {
		return nil, fmt.Errorf("%w in %s", err, content)
	}
	return file.State, nil
}

// writeState replaces the state file in dir by one with a right checksum.
func writeState(t *testing.T, dir string, body []byte) {
	t.Helper()
	content := fmt.Sprintf(`{"state":%s,"sha256":"%x"}`+"\n", body, sha256.Sum256(body))
	next := filepath.Join(dir, "next")
	must(t, os.WriteFile(next, []byte(content), 0o600))
	must(t, os.Rename(next, statePath(dir)))
}

func statePath(dir string) string { return filepath.Join(dir, testWorkspace+".json") }

// wholeState returns the state file in dir as it is.
func wholeState(t *testing.T, dir string) string {
	t.Helper()
	content, err := os.ReadFile(statePath(dir))
	must(t, err)
	return string(content)
}

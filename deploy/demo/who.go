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
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"
)

// whoDeleted returns a line for each of the five users who deleted most since a time, from the log that the exporter writes with
// --events.log and --log.format=json.
func whoDeleted(path string, since time.Time) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	counts, err := deletions(f, since)
	if err != nil {
		return nil, err
	}
	users := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	var lines []string
	for _, user := range users[:min(5, len(users))] {
		lines = append(lines, fmt.Sprintf("%6d by user %s", counts[user], cmp.Or(user, "(the system)")))
	}
	return lines, nil
}

// deletions counts the lines about deletions since a time, by user.
func deletions(log io.Reader, since time.Time) (map[string]int, error) {
	counts := map[string]int{}
	for lines := bufio.NewScanner(log); ; {
		if !lines.Scan() {
			return counts, lines.Err()
		}
		var line struct {
			Msg       string    `json:"msg"`
			Action    string    `json:"action"`
			UserGID   string    `json:"user_gid"`
			CreatedAt time.Time `json:"created_at"`
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "event" && line.Action == "deleted" && line.CreatedAt.After(since) {
			counts[line.UserGID]++
		}
	}
}

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

// Dashboards writes the Grafana dashboards beside it: asana-activity.json, asana-deletions.json and asana-exporter.json.
//
//	go generate ./dashboards
//
// Start with activity.go, deletions.go or exporter.go: each is one dashboard, from top to bottom. What they are made of is in
// panels.go (the kinds of panels), queries.go (what the queries have in common) and frame.go (variables, links, annotations).
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

//go:generate go run .

func main() {
	for _, d := range dashboards() {
		if err := os.WriteFile(d.file(), d.json(), 0o600); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func dashboards() []dashboard {
	return []dashboard{activity(), deletions(), exporter()}
}

// file returns the name under which people import the dashboard.
func (d dashboard) file() string { return d.UID + ".json" }

// json returns the dashboard as Grafana reads it.
func (d dashboard) json() []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // Queries are full of "<" and ">".
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(d); err != nil {
		panic(err) // No value of these types is without JSON.
	}
	return text.Bytes()
}

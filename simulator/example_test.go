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

package simulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// A client is pointed at the simulator by its transport. The first answer is a sync token.
func ExampleNew() {
	s := simulator.New(simulator.Options{})
	s.Freeze()
	client := &http.Client{Transport: s}

	events := func(sync string) (next string) {
		req, err := http.NewRequest(http.MethodGet, "http://asana/api/1.0/workspaces/1200000000000001/events?sync="+sync, nil)
		if err != nil {
			panic(err)
		}
		req.Header.Set("Authorization", "Bearer anything")
		resp, err := client.Do(req)
		if err != nil {
			panic(err)
		}
		defer resp.Body.Close()
		var page struct {
			Data []any
			Sync string
		}
		if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
			panic(err)
		}
		fmt.Println(resp.StatusCode, len(page.Data))
		return page.Sync
	}
	sync := events("")
	s.Add(simulator.Event{Action: "deleted", Resource: &simulator.Resource{GID: "1", Type: "task"}})
	events(sync)
	fmt.Println(s.Truth())
	// Output:
	// 412 0
	// 200 1
	// map[{deleted task   }:1]
}

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

package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/asana-exporter/asana_exporter/client"
)

// The first request has no sync token and gets one, the next reads what has happened since.
func Example() {
	asana := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("sync") == "" {
			w.WriteHeader(http.StatusPreconditionFailed)
			fmt.Fprint(w, `{"errors":[{"message":"Sync token invalid or too old."}],"sync":"4a8a08f09d37b73795649038408b5f33:0"}`)
			return
		}
		fmt.Fprint(w, `{"data":[{"action":"deleted","resource":{"gid":"1200000000000021","resource_type":"task"}}],
			"sync":"4a8a08f09d37b73795649038408b5f33:1","has_more":false}`)
	}))
	defer asana.Close()
	file, err := os.CreateTemp("", "token")
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(file.Name())
	fmt.Fprintln(file, "the-token-of-a-service-account")

	c, err := client.New(client.Options{URL: asana.URL, Workspace: "1200000000000001", TokenFile: file.Name()})
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.Events(context.Background(), "")
	expired, ok := errors.AsType[*client.SyncExpiredError](err)
	if !ok {
		log.Fatal(err)
	}
	page, err := c.Events(context.Background(), expired.Sync)
	if err != nil {
		log.Fatal(err)
	}
	for _, event := range page.Events {
		fmt.Println(event.ResourceType, event.Action)
	}
	fmt.Println("more:", page.HasMore)
	// Output:
	// task deleted
	// more: false
}

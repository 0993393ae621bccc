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

package collector_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/asana-exporter/asana_exporter/client"
	"github.com/asana-exporter/asana_exporter/collector"
)

// onePage stands in for a *client.Client: a workspace in which one task was deleted.
type onePage struct{ stop func() }

func (s onePage) Events(_ context.Context, token string) (client.Page, error) {
	switch token {
	case "":
		return client.Page{}, &client.SyncExpiredError{Sync: "1"} // Counting starts here.
	case "1":
		return client.Page{Sync: "2", Events: []client.Event{{Action: "deleted", ResourceType: "task"}}}, nil
	}
	s.stop()
	return client.Page{Sync: token}, nil
}

func (onePage) WorkspaceName(context.Context) (string, error) { return "Example Company", nil }

func Example() {
	const workspace = "1200000000000001"
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	store, err := collector.OpenStore(dir, workspace)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	state, damaged, err := store.Begin(time.Now())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("damaged:", damaged != nil)

	ctx, cancel := context.WithCancel(context.Background())
	registry := prometheus.NewRegistry()
	metrics := collector.NewMetrics(registry, workspace)
	poller := collector.NewPoller(onePage{cancel}, store, metrics, state, collector.Options{
		Interval: time.Millisecond, MaxSeries: 5000,
	})
	registry.MustRegister(collector.NewCollector(poller.View, metrics, 5000))
	if err := poller.Run(ctx); err != nil {
		fmt.Println(err)
		return
	}
	for _, series := range poller.View().State.Series() {
		if n := series.Visible(); n > 0 {
			fmt.Println(series.Labels.Action, series.Labels.ResourceType, n)
		}
	}
	// Output:
	// damaged: false
	// deleted task 1
}

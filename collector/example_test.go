package collector_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"asana_exporter/client"
	"asana_exporter/collector"
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

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

// Command plainpoller counts a workspace's events as a program written in an afternoon would: encoding/json into whole structs,
// a CounterVec, a JSON state file. It exists for comparison only, do not run it in earnest: after a crash its counts may
// not match its position in the stream, and a restored counter looks like a spike.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "plainpoller:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	url := flag.String("url", "", "base URL of the API")
	workspace := flag.String("workspace", "", "gid of the workspace")
	tokenFile := flag.String("token-file", "", "file with the access token")
	state := flag.String("state", "state.json", "file for the counts and the position")
	address := flag.String("listen", ":8080", "address for /metrics")
	interval := flag.Duration("poll-interval", 15*time.Second, "time between polls")
	flag.Parse()
	token, err := os.ReadFile(*tokenFile)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	p, err := newPoller(registry, *url, *workspace, string(token), *state)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: *address, ReadHeaderTimeout: 10 * time.Second}
	server.Handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go p.run(ctx, *interval)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

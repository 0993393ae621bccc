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

// Command asanasim serves a simulated Asana workspace over HTTP, so that asana_exporter and other clients of the event
// stream can be tried without a service account.
//
//	go run ./simulator/asanasim --rate 5
//	printf demo-token > token
//	asana_exporter --asana.url http://127.0.0.1:8080/api/1.0 --asana.workspace 1200000000000001 --asana.token-file token
//
// Without --rate the company keeps working hours (UTC) and weekends. Trouble is made over HTTP, without a token:
//
//	curl -d '{"kind":"status","status":429,"retry_after":"30s"}' localhost:8080/control/fault
//	curl -d '{"kind":"hang","count":3}' localhost:8080/control/fault
//	curl -X POST "localhost:8080/control/flaky?p=0.2"
//	curl -X POST "localhost:8080/control/incident?n=500"
//	curl -X POST "localhost:8080/control/outage?seconds=360" # With &hang=true there is no answer at all.
//	curl -X POST localhost:8080/control/freeze               # And /control/thaw.
//	curl -d '[{"action":"deleted","resource":{"gid":"1","resource_type":"task"}}]' localhost:8080/control/events
//	curl localhost:8080/control/truth                        # What a correct client must have counted.
//
// The kinds of faults are status, truncate, slow, hang, reset, expire, expire-nosync, garbage, same-sync and empty-more;
// each hits one coming request for events, or count of them. A delay ("2s") goes with any kind. SIGTERM and SIGINT end
// the program.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/asana-exporter/asana_exporter/simulator"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "asanasim:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	listen, o, err := parse(args)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "printf %s > token; asana_exporter --asana.url http://%s/api/1.0 --asana.workspace %s --asana.token-file token\n",
		o.Token, listener.Addr(), o.Workspace)

	s := simulator.New(o)
	mux := http.NewServeMux()
	mux.Handle("/control/", s.Control())
	mux.Handle("/", s)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	// Not Shutdown: it would wait for requests that hang on purpose.
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func parse(args []string) (listen string, o simulator.Options, err error) {
	app := kingpin.New("asanasim", "A simulated Asana workspace, served over HTTP.")
	app.HelpFlag.Short('h')
	app.Flag("listen", "Address to listen on.").Default("127.0.0.1:8080").StringVar(&listen)
	app.Flag("token", "Bearer token that is accepted.").Default("demo-token").StringVar(&o.Token)
	app.Flag("workspace", "Gid of the workspace.").Default("1200000000000001").StringVar(&o.Workspace)
	app.Flag("seed", "Seed of everything that happens.").Default("1").Uint64Var(&o.Seed)
	app.Flag("users", "Size of the company.").Default("200").IntVar(&o.Users)
	app.Flag("rate", "Events a second while all are at work; 0 for the pace of so many users.").Default("0").Float64Var(&o.Rate)
	app.Flag("night-share", "With --rate: the share of it that is left at night and at weekends.").Default("1").Float64Var(&o.NightShare)
	app.Flag("page-size", "Events for one sync token.").Default("1000").IntVar(&o.PageSize)
	app.Flag("token-life", "How long a sync token lives.").Default("24h").DurationVar(&o.TokenLife)
	app.Flag("strict-tokens", "Refuse a sync token once a newer one was used.").BoolVar(&o.StrictTokens)
	_, err = app.Parse(args)
	return listen, o, err
}

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

// Command pageserver serves made-up pages of workspace events on a loopback address.
//
// It is a separate process, so that its CPU time is not counted. It prints two lines of JSON: its address, and the times of the
// first and last page once a client has read and stored the whole stream.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/asana-exporter/asana_exporter/bench/pages"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "pageserver:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var o pages.Options
	flag.IntVar(&o.Events, "events", 1_000_000, "number of events in the stream")
	flag.DurationVar(&o.Delay, "delay", 0, "time that each answer is held back")
	flag.Float64Var(&o.Rate, "rate", 0, "events a second that become readable, 0 for all at once")
	flag.BoolVar(&o.Gzip, "gzip", false, "compress for clients that ask for it")
	distinct := flag.Int("pages", 50, "number of different pages")
	certificate := flag.String("tls-cert", "", "file with the certificate, and")
	key := flag.String("tls-key", "", "file with its key; plain http without them")
	flag.Parse()
	book, err := pages.NewBook(*distinct, time.Now())
	if err != nil {
		return err
	}
	handler, err := pages.NewServer(book, o)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	go announce(ctx, handler, listener.Addr(), *certificate != "")
	return serve(ctx, handler, listener, *certificate, *key)
}

// announce prints where the server listens and, in its time, the report.
func announce(ctx context.Context, handler *pages.Server, address net.Addr, secure bool) {
	scheme := "http"
	if secure {
		scheme = "https"
	}
	out := json.NewEncoder(os.Stdout)
	out.Encode(map[string]string{"url": fmt.Sprintf("%s://%s/api/1.0", scheme, address)}) //nolint:errcheck,errchkjson // Nobody listens any more.
	if report, err := handler.Wait(ctx); err == nil {
		out.Encode(report) //nolint:errcheck,errchkjson // Nobody listens any more.
	}
}

// serve answers until ctx ends.
func serve(ctx context.Context, handler http.Handler, listener net.Listener, certificate, key string) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	var err error
	if certificate == "" {
		err = server.Serve(listener)
	} else {
		err = server.ServeTLS(listener, certificate, key)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve: %w", err)
}

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
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/asana-exporter/asana_exporter/client"
	"github.com/asana-exporter/asana_exporter/collector"
	"github.com/asana-exporter/asana_exporter/simulator"
)

func TestStopsWhileARequestHangs(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := spawn(t, "", following(t, server.URL)...)
		p.address(t)
		<-asked
		wantStop(t, p, signal)
	}
}

func TestStopsWhileItWaitsAfterAFailure(t *testing.T) {
	t.Parallel()
	asana, url := newAsana(t, simulator.Options{})
	asana.Inject(simulator.Fault{Kind: simulator.Status, Status: http.StatusTooManyRequests, RetryAfter: time.Hour})
	p := spawn(t, "", following(t, url)...)
	p.address(t)
	p.stderr.await(t, `rate limited, retry after 1h0m0s" failures=1 retry_in=1h0m0s`)
	wantStop(t, p, syscall.SIGTERM)
}

// After SIGHUP the exporter goes on, and polls whatever the token file holds now. A closed reader of the log does not end it.
func TestHangUpsDoNotEndIt(t *testing.T) {
	t.Parallel()
	p := spawn(t, "", arguments(t)...)
	address := p.address(t)
	p.signal(t, syscall.SIGPIPE)
	p.signal(t, syscall.SIGHUP)
	p.stderr.await(t, `msg="SIGHUP: reading the token file again and polling now"`)
	if got := statusOf(t, "http://"+address+"/-/healthy"); got != http.StatusOK {
		t.Errorf("status %d", got)
	}
	wantStop(t, p, syscall.SIGTERM)
}

func TestClosedStderrDoesNotEndIt(t *testing.T) {
	t.Parallel()
	read, write, err := os.Pipe()
	must(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0") // Its address is known though no log can be read.
	must(t, err)
	address := listener.Addr().String()
	listener.Close()
	cmd := exec.Command(os.Args[0], arguments(t, "--web.listen-address", address)...)
	cmd.Env = append(os.Environ(), beTheProgram+"=1")
	cmd.Stderr = write
	read.Close()
	must(t, cmd.Start())
	write.Close()
	eventually(t, "an answer", func() bool {
		resp, err := http.Get("http://" + address + "/-/healthy")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil || cmd.ProcessState != nil
	})
	must(t, cmd.Process.Signal(syscall.SIGTERM))
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// Nobody reads the log, and the pipe to it is full: each line of the log waits for ever.
func TestFullStderrDoesNotKeepItFromStopping(t *testing.T) {
	t.Parallel()
	read, write, err := os.Pipe()
	must(t, err)
	defer read.Close()
	must(t, write.SetWriteDeadline(time.Now().Add(100*time.Millisecond)))
	if _, err := write.Write(make([]byte, 4<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the pipe is not full: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") // Its address is known though no log can be read.
	must(t, err)
	address := listener.Addr().String()
	listener.Close()
	cmd := exec.Command(os.Args[0], arguments(t, "--web.listen-address", address)...)
	cmd.Env = append(os.Environ(), beTheProgram+"=1")
	cmd.Stderr = write
	must(t, cmd.Start())
	write.Close()
	eventually(t, "a connection", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	killed := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer killed.Stop()
	must(t, cmd.Process.Signal(syscall.SIGTERM))
	_ = cmd.Wait() // Its error is the exit code.
	if code := cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit code %d, want 1 and no need to kill it", code)
	}
}

// A request under way gets the time to end, and no more.
func TestStopsWhileARequestToItHangs(t *testing.T) {
	t.Parallel()
	p := spawn(t, "", append(arguments(t), "--web.enable-pprof")...)
	holdRequest(t, p.address(t))
	wantStop(t, p, syscall.SIGTERM)
	if !strings.Contains(p.stderr.String(), `msg="requests cut off"`) {
		t.Errorf("it does not log that it cut off a request:\n%s", &p.stderr)
	}
}

func TestSecondSignalStopsAtOnce(t *testing.T) {
	t.Parallel()
	p := spawn(t, "", append(arguments(t), "--web.enable-pprof")...)
	holdRequest(t, p.address(t))
	p.signal(t, syscall.SIGTERM)
	p.stderr.await(t, "msg=stopping")
	// The first of these may come before anything has changed.
	poll(drainTime/2, 20*time.Millisecond, func() bool { p.signal(t, syscall.SIGTERM); return p.hasEnded() })
	if code := p.exit(t); code != -1 {
		t.Errorf("exit code %d after the second signal, it wrote:\n%s", code, &p.stderr)
	}
}

// holdRequest keeps a request to the program under way for a minute.
func holdRequest(t *testing.T, address string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	_, err = conn.Write([]byte("GET /debug/pprof/trace?seconds=60 HTTP/1.1\r\nHost: x\r\n\r\n"))
	must(t, err)
	eventually(t, "a trace under way", func() bool {
		_, body := fetch(t, "http://"+address+"/debug/pprof/goroutine?debug=1", "")
		return strings.Contains(body, "pprof.Trace")
	})
}

// soon is when the program has long stopped, however busy the machine: it promises 5 s, and what hangs hangs for longer.
const soon = 30 * time.Second

// wantStop sends a signal and expects a good end.
func wantStop(t *testing.T, p *process, signal syscall.Signal) {
	t.Helper()
	asked := time.Now()
	p.signal(t, signal)
	code, took := p.exit(t), time.Since(asked)
	if code != 0 || took > soon {
		t.Errorf("exit code %d after %s, it wrote:\n%s", code, took, &p.stderr)
	}
}

func TestHangingGoroutineDoesNotStopTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		group, ctx := errgroup.WithContext(ctx)
		release := make(chan struct{})
		group.Go(func() error {
			<-release
			return nil
		})
		time.AfterFunc(time.Hour, cancel)
		began := time.Now()
		err := waitAfter(ctx, group, log.NewNopLogger())
		if err == nil || !strings.Contains(err.Error(), "stopped while something hung") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began) - time.Hour; took <= drainTime || took >= 5*time.Second {
			t.Errorf("took %s, want more than for requests, and less than 5 s", took)
		}
		close(release)
		synctest.Wait()
	})
}

func TestEndIsThatOfTheGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, want := range []error{nil, errors.New("the web server broke")} {
			group, ctx := errgroup.WithContext(t.Context())
			group.Go(func() error {
				time.Sleep(time.Hour)
				return want
			})
			group.Go(func() error {
				if want != nil {
					<-ctx.Done() // The other's error ends it.
				}
				time.Sleep(time.Second)
				return nil
			})
			if got := waitAfter(ctx, group, log.NewNopLogger()); !errors.Is(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
	})
}

// hanging is a folder whose disk does not answer, and a workspace in which something happened.
type hanging struct{ release chan struct{} }

func (h hanging) Save(collector.State) error {
	<-h.release
	return nil
}

func (h hanging) Events(context.Context, string) (client.Page, error) {
	return client.Page{Sync: "b", Events: []client.Event{{Action: "deleted", ResourceType: "task"}}}, nil
}

func (h hanging) WorkspaceName(context.Context) (string, error) { return "", nil }

func TestHangingCommitIsNotHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, err := parseFlags(arguments(t, "--asana.poll-interval", "10s", "--asana.timeout", "20s"), t.Output())
		must(t, err)
		registry := prometheus.NewRegistry()
		spaces := newWorkspaces(c, nil, registry, log.NewNopLogger())
		space := spaces.add(c.workspace)
		stuck := hanging{release: make(chan struct{})}
		poller := collector.NewPoller(stuck, stuck, space.metrics, collector.NewEpoch(time.Now()),
			collector.Options{Interval: c.pollInterval, Timeout: c.timeout})
		space.poller.Store(poller)
		handler := newHandler(c, nil, registry, spaces, newLoggers(t.Output(), "info", "logfmt"), func() {})
		get := func(path string) (int, string) {
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
			return answer.Code, answer.Body.String()
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = poller.Run(ctx) }()
		time.Sleep(10 * time.Second)
		if got, _ := get("/-/healthy"); got != http.StatusOK {
			t.Errorf("when it may still come back: %d", got)
		}
		time.Sleep(time.Minute)
		const reason = "The poller hangs. Last commit: not yet. Most likely the disk"
		for path, want := range map[string]int{"/-/healthy": http.StatusServiceUnavailable, "/-/ready": http.StatusServiceUnavailable, "/": http.StatusOK} {
			if got, body := get(path); got != want || !strings.Contains(body, reason) {
				t.Errorf("%s after a minute: %d, %s", path, got, body)
			}
		}
		if got, _ := get("/metrics"); got != http.StatusOK {
			t.Errorf("/metrics: %d", got)
		}
		cancel()
		close(stuck.release)
		synctest.Wait()
	})
}

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
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// A thousand clients that never read are closed soon, and meanwhile neither take much memory, nor delay scrapes, nor fill the
// log. Scrapes of another process, which has no such clients, say how slow the machine is by itself.
func TestSlowReadersAreCutOff(t *testing.T) {
	const readers = 1000
	program := build(t)
	for _, series := range []int{250, 10_000} { // 80 KB, which the kernel holds in part, and 3.2 MB.
		asana, url := newAsana(t, simulator.Options{})
		asana.Freeze()
		start := func() (p *process, address string, idle map[string]float64) {
			p = spawn(t, program, following(t, url, "--events.max-series", "20000")...)
			address = p.address(t)
			eventually(t, "the first catch-up", func() bool { return statusOf(t, "http://"+address+"/-/ready") == http.StatusOK })
			return p, address, samples(t, address)
		}
		p, address, idle := start()
		other, otherAddress, _ := start()
		asana.Add(distinct(series)...)
		for _, a := range []string{address, otherAddress} {
			eventually(t, "the series", func() bool { return total(samples(t, a), "asana_events_total{") >= float64(series) })
		}
		for range 30 {
			samples(t, address) // So that memory is what scrapes take.
		}
		before := peakMemory(t, p)

		for range readers {
			conn, err := net.Dial("tcp", address)
			must(t, err)
			defer conn.Close()
			must(t, conn.(*net.TCPConn).SetReadBuffer(4096))
			_, _ = io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n") // It may be closed already.
		}
		began := time.Now()
		var good, normal []float64 // Seconds.
		eventually(t, "the end of slow readers", func() bool {
			took, now := timed(t, address)
			good = append(good, took)
			took, _ = timed(t, otherAddress)
			normal = append(normal, took)
			return now["process_open_fds"]-idle["process_open_fds"] < 5
		})
		took := time.Since(began)
		more := peakMemory(t, p) - before
		lines := strings.Count(p.stderr.String(), "cut off")
		t.Logf("%d series: %d MiB more than %d MiB, a scrape %.2f s (of another process %.2f s), the slowest %.2f s, closed after %s, %d log lines",
			series, more>>20, before>>20, middle(good), middle(normal), slices.Max(good), took, lines)
		if slow := max(1, 5*middle(normal)); more > 32<<20 || middle(good) > slow || took > 30*time.Second || lines > 1 {
			t.Errorf("want at most 32 MiB, %.2f s, 30 s (10 s on an idle machine) and one line", slow)
		}
		wantStop(t, p, syscall.SIGTERM)
		wantStop(t, other, syscall.SIGTERM)
	}
}

// timed returns what a scrape sees, and how many seconds it took.
func timed(t *testing.T, address string) (seconds float64, seen map[string]float64) {
	t.Helper()
	began := time.Now()
	seen = samples(t, address)
	return time.Since(began).Seconds(), seen
}

// middle returns the median.
func middle(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// The last clients that are cut off are logged, too, though no further one comes.
func TestEveryClientThatIsCutOffIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines strings.Builder
		slow := &minuteLog{logger: log.NewLogfmtLogger(&lines), msg: "slow or idle clients cut off"}
		for _, n := range []int{1, 300, 2} {
			for range n {
				slow.add()
			}
			time.Sleep(40 * time.Second)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		const line = `level=warn msg="slow or idle clients cut off" count=`
		if want := line + "1\n" + line + "300\n" + line + "2\n"; lines.String() != want {
			t.Errorf("got\n%swant\n%s", &lines, want)
		}
	})
}

// A host that floods the server closes its own connections, the oldest first.
func TestConnectionsOfTheGreediestHostAreClosed(t *testing.T) {
	t.Parallel()
	cut := 0
	c := &connections{cutOff: func() { cut++ }, open: map[net.Conn]connection{}}
	scraper := &fakeConn{host: "192.0.2.1:1"}
	c.changed(scraper, http.StateNew)
	var flood []*fakeConn
	for i := range 2 * maxConnections {
		flood = append(flood, &fakeConn{host: fmt.Sprintf("192.0.2.2:%d", i)})
		c.changed(flood[i], http.StateNew)
		c.changed(flood[0], http.StateIdle) // Closed or not, it does not come back.
	}
	if closed := maxConnections + 1; cut != closed || len(c.open) != maxConnections || scraper.closed || flood[2*maxConnections-1].closed {
		t.Errorf("%d closed, %d open, want %d and %d", cut, len(c.open), closed, maxConnections)
	}
	for _, conn := range append(flood, scraper) {
		c.changed(conn, http.StateClosed)
	}
	if len(c.open) != 0 {
		t.Errorf("%d are left", len(c.open))
	}
}

type fakeConn struct {
	net.Conn

	host   string
	closed bool
}

func (f *fakeConn) RemoteAddr() net.Addr { return fakeAddr(f.host) }
func (f *fakeConn) Close() error         { f.closed = true; return nil }

type fakeAddr string

func (fakeAddr) Network() string  { return "tcp" }
func (f fakeAddr) String() string { return string(f) }

// distinct returns events that make so many series.
func distinct(n int) []simulator.Event {
	events := make([]simulator.Event, n)
	for i := range events {
		events[i] = simulator.Event{
			Action:   "changed",
			Resource: &simulator.Resource{GID: fmt.Sprint(i), Type: fmt.Sprintf("a_resource_type_%06d", i), Subtype: strings.Repeat("subtype ", 15)},
		}
	}
	return events
}

// Who sends no request, half a request, or a request as large as a book is closed, too.
func TestSlowRequestsAreClosed(t *testing.T) {
	t.Parallel()
	address, _ := within(t, arguments(t)...)
	for name, request := range map[string]string{
		"nothing":          "",
		"half a header":    "GET /metrics HTTP/1.1\r\nHost: x\r\nX: ",
		"a body to come":   "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
		"a large header":   "GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n",
		"a strange method": "BREW / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", address)
			must(t, err)
			defer conn.Close()
			_, _ = io.WriteString(conn, request)
			must(t, conn.SetReadDeadline(time.Now().Add(patience)))
			if _, err := io.Copy(io.Discard, bufio.NewReader(conn)); err != nil && !strings.Contains(err.Error(), "reset") {
				t.Errorf("it is not closed: %v", err)
			}
		})
	}
}

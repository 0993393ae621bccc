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
	"net"
	"net/http"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

const (
	// maxConnections is how many connections may be open: far more than scrapers need, each takes about 25 KiB.
	maxConnections = 128
	// maxSendBuffer bounds what the kernel holds for a reader; the default limit is 4 MiB.
	maxSendBuffer = 64 << 10
	// maxUnread limits how long sent data may stay unacknowledged (TCP_USER_TIMEOUT). A short answer lies in the kernel's buffer, where no
	// write deadline reaches it.
	maxUnread = 9 * time.Second
)

// connections limits the open connections of a http.Server. A new one closes another of the host that has most: the one
// that has been silent or busy for the longest time. So no number of slow or idle clients keeps a scraper out.
type connections struct {
	cutOff func()

	mu   sync.Mutex
	open map[net.Conn]connection
}

type connection struct {
	host    string
	changed time.Time // When it became busy or idle.
}

// changed is the server's ConnState.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one, there := c.open[conn]
	switch {
	case state == http.StateClosed || state == http.StateHijacked:
		delete(c.open, conn)
		return
	case state == http.StateNew:
		limitBuffers(conn)
		if len(c.open) >= maxConnections {
			c.closeOne()
		}
		one.host, _, _ = net.SplitHostPort(conn.RemoteAddr().String())
	case !there:
		return // It was closed by closeOne.
	}
	one.changed = time.Now()
	c.open[conn] = one
}

// closeOne closes the connection whose state changed first, among those of the host that has most. The caller holds mu.
func (c *connections) closeOne() {
	perHost := map[string]int{}
	for _, one := range c.open {
		perHost[one.host]++
	}
	var victim net.Conn
	for conn, one := range c.open {
		other := c.open[victim]
		more := perHost[one.host] - perHost[other.host]
		if victim == nil || more > 0 || more == 0 && one.changed.Before(other.changed) {
			victim = conn
		}
	}
	delete(c.open, victim)
	_ = raw(victim).Close() // Below TLS, whose Close may wait for the client.
	c.cutOff()
}

// limitBuffers bounds how much and how long the kernel keeps for a client that does not read. Where it can't be set, it stays
// as the system has it.
func limitBuffers(conn net.Conn) {
	tcp, ok := raw(conn).(*net.TCPConn)
	if !ok {
		return
	}
	_ = tcp.SetWriteBuffer(maxSendBuffer)
	if fd, err := tcp.SyscallConn(); err == nil && runtime.GOOS == "linux" {
		const userTimeout = 0x12 // TCP_USER_TIMEOUT of tcp(7), which package syscall lacks.
		_ = fd.Control(func(fd uintptr) {
			_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, userTimeout, int(maxUnread.Milliseconds()))
		})
	}
}

// raw returns the connection below TLS.
func raw(conn net.Conn) net.Conn {
	if tls, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return tls.NetConn()
	}
	return conn
}

// A minuteLog counts events, and logs their number a minute after its last line at the earliest.
type minuteLog struct {
	logger log.Logger
	msg    string

	mu    sync.Mutex
	count int
	last  time.Time
}

// add counts one event.
func (m *minuteLog) add() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.count++; m.count == 1 {
		time.AfterFunc(time.Until(m.last.Add(time.Minute)), m.log)
	}
}

func (m *minuteLog) log() {
	m.mu.Lock()
	defer m.mu.Unlock()
	level.Warn(m.logger).Log("msg", m.msg, "count", m.count)
	m.count, m.last = 0, time.Now()
}

package main

import (
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

const (
	// maxConnections is how many connections may be open: far more than scrapers need, each takes about 25 KiB.
	maxConnections = 256
	// maxSendBuffer bounds what the kernel holds for a reader; its own limit is mostly 4 MiB.
	maxSendBuffer = 64 << 10
)

// connections limits the open connections of a http.Server. A new one closes the one that has been silent or busy for the
// longest time, so that no number of slow or idle clients keeps a scraper out.
type connections struct {
	cutOff func()

	mu   sync.Mutex
	open map[net.Conn]time.Time // When their state changed.
}

// changed is the server's ConnState.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
		return
	case http.StateNew:
		if tcp, ok := raw(conn).(*net.TCPConn); ok {
			_ = tcp.SetWriteBuffer(maxSendBuffer) // At worst, it stays as it was.
		}
		if len(c.open) >= maxConnections {
			c.closeOldest()
		}
	}
	if _, there := c.open[conn]; there || state == http.StateNew {
		c.open[conn] = time.Now()
	}
}

// closeOldest closes the connection whose state changed first. The caller holds mu.
func (c *connections) closeOldest() {
	var oldest net.Conn
	for conn, at := range c.open {
		if oldest == nil || at.Before(c.open[oldest]) {
			oldest = conn
		}
	}
	delete(c.open, oldest)
	_ = raw(oldest).Close() // Below TLS, whose Close may wait for the client.
	c.cutOff()
}

// raw returns the connection below TLS.
func raw(conn net.Conn) net.Conn {
	if tls, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return tls.NetConn()
	}
	return conn
}

// A minuteLog counts events, and logs their number at most once a minute.
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
	m.count++
	if now := time.Now(); now.Sub(m.last) >= time.Minute {
		level.Warn(m.logger).Log("msg", m.msg, "count", m.count)
		m.count, m.last = 0, now
	}
}

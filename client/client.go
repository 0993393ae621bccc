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

// Package client reads the event stream of one Asana workspace.
//
// Start with New and Client.Events: one request, one Page, typed errors. The package does not retry, wait or store the
// position in the stream; the caller does. It redacts the bearer token in all text of an answer, so that no label, log
// line or error holds it.
//
// client.go sends the request, body.go reads the answer, decode.go and page.go parse a page; texts.go and dates.go cache its
// strings and dates. response.go, retryafter.go and transporterror.go turn anything else into the errors of errors.go. secret.go redacts.
// token.go reads the token, and check.go checks the options and the environment.
package client

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	// DefaultURL is the root of Asana's API.
	DefaultURL = "https://app.asana.com/api/1.0"

	defaultTimeout = 30 * time.Second

	maxHeaderBytes = 256 << 10
	maxBodyBytes   = 16 << 20 // After decompression.
	maxErrorBytes  = 64 << 10
	ordinaryBytes  = 2 << 20 // Above the largest page of a thousand events.
)

// Options configure a Client.
type Options struct {
	// URL is the root of the API; DefaultURL if empty. Plain http is accepted for loopback addresses only.
	URL string
	// Workspace is the gid of the workspace, decimal digits.
	Workspace string
	// TokenFile names the file with the service account's token. The client reads it for every request, so a new token
	// works at once, also after a 401.
	TokenFile string
	// Timeout limits one request, headers and body; 30 seconds if zero.
	Timeout time.Duration
	// UserAgent is sent with each request.
	UserAgent string
	// Transport carries the requests; if nil, one with limits, and with the proxy and the CAs of the environment (HTTPS_PROXY,
	// SSL_CERT_FILE; see https://pkg.go.dev/net/http#ProxyFromEnvironment).
	Transport http.RoundTripper
	// ResourceGIDs fills Event.ResourceGID and Event.ParentGID, which takes time and memory.
	ResourceGIDs bool
	// Observe, if not nil, is called at the end of every request.
	Observe func(Exchange)
}

// Exchange describes one request and its answer.
type Exchange struct {
	// Status is the HTTP status, or 0 if no usable answer came.
	Status int
	// Duration is the time from the request to the end of the answer's body.
	Duration time.Duration
	// Changes are the API changes that the answer announces.
	Changes []Change
}

// Change is an API change that an Asana-Change header announces.
// See https://developers.asana.com/docs/deprecations.
type Change struct{ Name, Info string }

// Client reads one workspace. It is safe for concurrent use, except that calls of Events must not overlap.
type Client struct {
	root         *url.URL // …/workspaces/{gid}
	tokenFile    string
	timeout      time.Duration
	userAgent    string
	resourceGIDs bool
	http         *http.Client
	observe      func(Exchange)
	decoders     sync.Pool // Of *decoder. One holds the events of the last page.
}

// New checks the options, reads the token once to check the token file, and sends nothing.
func New(o Options) (*Client, error) {
	root, err := parseURL(cmp.Or(o.URL, DefaultURL))
	if err != nil {
		return nil, fmt.Errorf("API address: %w", err)
	}
	if err := CheckWorkspace(o.Workspace); err != nil {
		return nil, fmt.Errorf("workspace: %w", err)
	}
	if _, err := readToken(o.TokenFile); err != nil {
		return nil, err
	}
	if o.Transport == nil {
		if err := CheckEnvironment(); err != nil {
			return nil, err
		}
		o.Transport = newTransport()
	}
	c := &Client{
		root:         root.JoinPath("workspaces", o.Workspace),
		tokenFile:    o.TokenFile,
		timeout:      cmp.Or(o.Timeout, defaultTimeout),
		userAgent:    o.UserAgent,
		resourceGIDs: o.ResourceGIDs,
		observe:      o.Observe,
		http: &http.Client{
			Transport: o.Transport,
			// Redirects are not followed: the token goes to the configured host only.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if c.observe == nil {
		c.observe = func(Exchange) {}
	}
	return c, nil
}

// CloseIdleConnections closes the connections that no request uses. The client can still be used.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// newTransport returns the transport of Options without one.
//
// It uses HTTP/1.1: a timed-out request then closes its connection. HTTP/2 would send the next request over the same
// connection, which a firewall may have dropped, until the kernel gives up after a quarter of an hour. One request at a
// time gains nothing from HTTP/2.
func newTransport() *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Protocols:              protocols,
		Proxy:                  http.ProxyFromEnvironment, // CheckEnvironment finds what this ignores.
		OnProxyConnectResponse: proxyRefusal,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout:    10 * time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConnsPerHost:    2,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// Events returns the page of events that follows sync; an empty sync asks for a first token.
//
// It sends one request and never retries; only net/http may repeat it, where a kept connection turns out to be closed. An unusable token gives a *SyncExpiredError that carries a fresh one, too
// many requests a *RateLimitError, any other refusal a *StatusError, a refusal of the proxy a *ProxyError, an answer that
// is no page a *InvalidResponseError. RetryAfter reads the wait from any of them.
// See https://developers.asana.com/reference/getworkspaceevents.
func (c *Client) Events(ctx context.Context, sync string) (Page, error) {
	query := url.Values{}
	if sync != "" {
		query.Set("sync", sync)
	}
	var page Page
	err := c.get(ctx, c.root.JoinPath("events"), query, func(d *decoder) (err error) {
		page, err = d.page()
		return err
	})
	if err != nil {
		return Page{}, err // Never a part of a page.
	}
	return page, nil
}

// WorkspaceName returns the name of the workspace. Its errors are those of Events.
// See https://developers.asana.com/reference/getworkspace.
func (c *Client) WorkspaceName(ctx context.Context) (string, error) {
	var name string
	err := c.get(ctx, c.root, url.Values{}, func(d *decoder) (err error) {
		name, err = d.workspaceName()
		return err
	})
	return name, err
}

// get asks for an address and decodes the page or the workspace in the answer with read.
func (c *Client) get(ctx context.Context, at *url.URL, query url.Values, read func(*decoder) error) error {
	token, err := readToken(c.tokenFile)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("no complete answer within %s", c.timeout))
	defer cancel()
	req, err := c.request(ctx, at, query, token)
	if err != nil {
		return err
	}
	return c.exchange(req, newSecret(token, query.Get("sync")), read)
}

// exchange sends a request, decodes the answer with read, and reports both to Options.Observe.
func (c *Client) exchange(req *http.Request, secret secret, read func(*decoder) error) error {
	ctx, seen, start := req.Context(), Exchange{}, time.Now()
	defer func() {
		seen.Duration = time.Since(start)
		c.observe(seen)
	}()
	resp, err := c.http.Do(req)
	if err != nil {
		return transportError(ctx, req.URL.Hostname(), secret, err)
	}
	defer resp.Body.Close()
	// The body of a 101 is the raw connection, and the transport applies no deadline to it.
	defer context.AfterFunc(ctx, func() { _ = resp.Body.Close() })()
	seen.Changes = changes(resp.Header, secret)
	if !mayBePage(resp.StatusCode) {
		seen.Status = resp.StatusCode
		return refusal(resp, secret)
	}
	switch err = c.decode(resp, secret, read); {
	case err == nil:
		seen.Status = resp.StatusCode
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return err
}

// decode decodes a body with read.
func (c *Client) decode(resp *http.Response, secret secret, read func(*decoder) error) error {
	d := c.decoder()
	if err := d.read(resp, maxBodyBytes); err != nil {
		return invalidResponse(resp.Header, secret, err)
	}
	size := max(d.body.Len(), d.gzip.in.Cap())
	d.start(secret)
	if err := readPage(resp.Header, d, read); err != nil {
		return err
	}
	if size <= ordinaryBytes { // The buffers of a larger answer are not kept.
		c.decoders.Put(d)
	}
	return nil
}

// decoder returns the decoder of an earlier answer, or a new one.
func (c *Client) decoder() *decoder {
	if d, ok := c.decoders.Get().(*decoder); ok {
		return d
	}
	return &decoder{resourceGIDs: c.resourceGIDs}
}

func (c *Client) request(ctx context.Context, at *url.URL, query url.Values, token string) (*http.Request, error) {
	address := *at
	address.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Encoding", "gzip") // Set here, so that net/http leaves the decompression to us.
	req.Header.Set("User-Agent", c.userAgent)
	return req, nil
}

// changes parses headers such as "Asana-Change: name=…;info=https://…;affected=true". A comma separates two
// announcements in one header.
func changes(header http.Header, secret secret) []Change {
	var found []Change
	lines := secret.redact(strings.Join(header.Values("Asana-Change"), ","))
	for announcement := range strings.SplitSeq(lines, ",") {
		var change Change
		for part := range strings.SplitSeq(announcement, ";") {
			key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			switch key {
			case "name":
				change.Name = short(value)
			case "info":
				change.Info = short(value)
			}
		}
		if change.Name != "" {
			found = append(found, change)
		}
	}
	return found
}

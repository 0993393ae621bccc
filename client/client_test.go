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

package client

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// emptyPage is an answer at the end of the stream.
const emptyPage = `{"data":[],"sync":"next:1","has_more":false}`

func TestRequestIsWhatAsanaDocuments(t *testing.T) {
	type request struct {
		method, target string
		header         http.Header
	}
	for name, test := range map[string]struct {
		root   string
		ask    func(*Client) error
		target string
	}{
		"the first asks without a sync token": {
			ask:    func(c *Client) error { _, err := c.Events(t.Context(), ""); return err },
			target: "/workspaces/1200000000000001/events",
		},
		"the colon of the sync token is encoded": {
			ask:    func(c *Client) error { _, err := c.Events(t.Context(), position); return err },
			target: "/workspaces/1200000000000001/events?sync=5d41402abc4b2a76b9719d911017c592%3A7",
		},
		"a sync token is opaque": {
			ask:    func(c *Client) error { _, err := c.Events(t.Context(), "a&b=c d+e/ü%\x00#"); return err },
			target: "/workspaces/1200000000000001/events?sync=a%26b%3Dc+d%2Be%2F%C3%BC%25%00%23",
		},
		"below a path": {
			root:   "/api/1.0/",
			ask:    func(c *Client) error { _, err := c.Events(t.Context(), ""); return err },
			target: "/api/1.0/workspaces/1200000000000001/events",
		},
		"the name of the workspace": {
			ask:    func(c *Client) error { _, err := c.WorkspaceName(t.Context()); return err },
			target: "/workspaces/1200000000000001",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []request
			address := serve(t, func(w http.ResponseWriter, r *http.Request) {
				got = append(got, request{r.Method, r.RequestURI, r.Header})
				w.Write([]byte(emptyPage))
			})
			c := newClient(t, Options{URL: address + test.root, UserAgent: "asana_exporter/1.2.3"})
			if err := test.ask(c); err != nil {
				t.Fatal(err)
			}
			want := []request{{"GET", test.target, http.Header{
				"Accept":          {"application/json"},
				"Accept-Encoding": {"gzip"},
				"Authorization":   {"Bearer " + token},
				"User-Agent":      {"asana_exporter/1.2.3"},
			}}}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("sent %q, want %q", got, want)
			}
		})
	}
}

func TestRedirectIsAnAnswer(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		var asked int
		elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { asked++ })
		address := serve(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere+"/workspaces", status)
		})
		page, err := newClient(t, Options{URL: address}).Events(t.Context(), position)
		refused, ok := errors.AsType[*StatusError](err)
		if !ok || !reflect.DeepEqual(refused, &StatusError{Status: status, WebPage: true}) || !reflect.DeepEqual(page, Page{}) {
			t.Errorf("%d: got %+v and %v", status, page, err)
		}
		if asked != 0 {
			t.Errorf("%d: the other host was asked", status)
		}
	}
}

func TestAddressMustKeepTheTokenSafe(t *testing.T) {
	const hidden = "API address: must have no user, query or fragment"
	cleartext := func(address string) string {
		return `API address: "` + address + `": plain http would send the token in the clear; use https`
	}
	odd := func(address string) string {
		return `API address: "` + address + `": must be an https URL such as https://app.asana.com/api/1.0`
	}
	for address, want := range map[string]string{
		"":                              "",
		"https://app.asana.com/api/1.0": "",
		"https://127.0.0.1:8443":        "",
		"http://127.0.0.1:8080":         "",
		"http://127.8.9.1":              "",
		"http://[::1]:8080/api":         "",
		"http://localhost:8080":         "",
		"http://app.asana.com":          cleartext("http://app.asana.com"),
		"http://10.0.0.1":               cleartext("http://10.0.0.1"),
		"http://0.0.0.0":                cleartext("http://0.0.0.0"),
		"http://localhost.example.com":  cleartext("http://localhost.example.com"),
		"http://127.0.0.1.example.com":  cleartext("http://127.0.0.1.example.com"),
		"https://user:pw@example.com":   hidden,
		"https://user@example.com":      hidden,
		"user:pw@example.com":           hidden,
		"http://127.0.0.1@example.com":  hidden,
		"https://example.com?a=b":       hidden,
		"https://example.com#a":         hidden,
		"https://user:p w@%zz":          "API address: not a URL",
		"app.asana.com":                 odd("app.asana.com"),
		"app.asana.com:443":             odd("app.asana.com:443"),
		"ftp://app.asana.com":           odd("ftp://app.asana.com"),
		"https://":                      odd("https://"),
		"https://:443":                  odd("https://:443"),
		"https://asana.example:65536":   `API address: "https://asana.example:65536": a port is at most 65535`,
		"/api/1.0":                      odd("/api/1.0"),
	} {
		_, err := New(Options{URL: address, Workspace: workspace, TokenFile: tokenFile(t, token)})
		if got := words(err); got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
		if got := words(CheckURL(address)); address != "" && got != strings.TrimPrefix(want, "API address: ") {
			t.Errorf("%q: the check says %q, New %q", address, got, want)
		}
	}
}

func TestWorkspaceIsAGID(t *testing.T) {
	for gid, good := range map[string]bool{
		"1": true, "1200000000000001": true, "9223372036854775808": true,
		"": false, "-1": false, "12 ": false, "1/2": false, "1a2": false, "../1": false, "１": false, "my company": false,
		"123456789012345678901234567890123": false, "\xff": false, "1\x00": false,
	} {
		_, err := New(Options{Workspace: gid, TokenFile: tokenFile(t, token)})
		if (err == nil) != good || !good && words(err) != "workspace: "+words(CheckWorkspace(gid)) {
			t.Errorf("%q: %v", gid, err)
		}
	}
}

func TestWorkspaceName(t *testing.T) {
	for body, want := range map[string]string{
		`{"data":{"gid":"1","resource_type":"workspace","name":"Ärger & Söhne","is_organization":true}}`: "Ärger & Söhne",
		`{"data":{"name":null}}`: "",
		`{"data":{"name":7}}`:    "",
		`{"data":null}`:          "",
		`{}`:                     "",
	} {
		got, err := newClient(t, Options{Transport: answer{body: body}}).WorkspaceName(t.Context())
		if got != want || err != nil {
			t.Errorf("%s: got %q and %v, want %q", body, got, err, want)
		}
	}
	got, err := newClient(t, Options{Transport: answer{body: `{"data":{"name":"Half"}`}}).WorkspaceName(t.Context())
	if got != "" || words(err) != "unusable answer: truncated" {
		t.Errorf("half an answer: got %q and %v", got, err)
	}
}

func TestObserverLearnsHowARequestEnded(t *testing.T) {
	deprecated := http.Header{"Asana-Change": {
		"name=string_ids;info=https://asana.example/ids;affected=true",
		"affected=false; name=new_goals ;info=https://asana.example/goals,name=no_info, name=;info=nameless, odd",
	}}
	announced := []Change{
		{"string_ids", "https://asana.example/ids"}, {"new_goals", "https://asana.example/goals"}, {"no_info", ""},
	}
	for name, test := range map[string]struct {
		transport http.RoundTripper
		want      Exchange
	}{
		"page":             {answer{body: emptyPage}, Exchange{Status: 200}},
		"deprecated":       {answer{body: emptyPage, header: deprecated}, Exchange{Status: 200, Changes: announced}},
		"refused":          {answer{status: 403, header: deprecated}, Exchange{Status: 403, Changes: announced}},
		"rate limited":     {answer{status: 429}, Exchange{Status: 429}},
		"expired":          {answer{status: 412}, Exchange{Status: 412}},
		"garbage":          {answer{body: "<html>"}, Exchange{}},
		"no connection":    {failing{}, Exchange{}},
		"broken body":      {answer{stream: brokenBody}, Exchange{}},
		"body far too big": {answer{stream: farTooMuch}, Exchange{}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []Exchange
			c := newClient(t, Options{Transport: test.transport, Timeout: patience, Observe: func(e Exchange) { got = append(got, e) }})
			c.Events(t.Context(), position)
			if len(got) != 1 || got[0].Duration <= 0 {
				t.Fatalf("observed %+v", got)
			}
			got[0].Duration = 0
			if !reflect.DeepEqual(got[0], test.want) {
				t.Errorf("observed %+v, want %+v", got[0], test.want)
			}
		})
	}
}

// Over TLS and with gzip, as Asana answers. A connection may die without a word, as when a firewall forgets it: the next
// question must go another way.
func TestDeadConnectionIsLeft(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			t.Errorf("asked with %q", r.Header)
		}
		writeGzip(t, w, emptyPage)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	ctx, giveUp := context.WithCancel(t.Context())
	var connections []*mortal
	transport := newTransport()
	transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	transport.DialContext = func(_ context.Context, network, address string) (net.Conn, error) {
		conn, err := net.Dial(network, address)
		connections = append(connections, &mortal{Conn: conn, lost: giveUp})
		return connections[len(connections)-1], err
	}
	defer transport.CloseIdleConnections()
	c := newClient(t, Options{URL: server.URL, Transport: transport, Timeout: 10 * time.Second})
	answered := func() {
		t.Helper()
		if page, err := c.Events(t.Context(), position); err != nil || !reflect.DeepEqual(page, Page{Sync: "next:1"}) {
			t.Errorf("got %+v and %v", page, err)
		}
	}

	answered()
	answered()
	if len(connections) != 1 {
		t.Fatalf("%d connections for two questions", len(connections))
	}
	connections[0].dead.Store(true)
	if page, err := c.Events(ctx, position); !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v and %v over a dead connection", page, err)
	}
	answered()
}

// A mortal connection, once dead, loses what is written, which the far end can't know.
type mortal struct {
	net.Conn
	dead atomic.Bool
	lost func()
}

func (m *mortal) Write(p []byte) (int, error) {
	if m.dead.Load() {
		m.lost()
		return len(p), nil
	}
	return m.Conn.Write(p)
}

func TestClientIsSafeForConcurrentUse(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(emptyPage)) })
	c := newClient(t, Options{URL: address})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := c.Events(t.Context(), position); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

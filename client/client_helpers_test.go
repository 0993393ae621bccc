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
	"cmp"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	workspace = "1200000000000001"
	// token is shaped like one of Asana's: gid of the user, gid of the token, secret.
	token = "2/1200000000000002/1200000000000003:0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	// position is a sync token shaped like one of Asana's.
	position = "5d41402abc4b2a76b9719d911017c592:7"
	// patience is for large answers under the race detector on a busy machine.
	patience = 5 * time.Minute
)

// newClient returns a client for what the options leave open.
func newClient(t testing.TB, o Options) *Client {
	t.Helper()
	o.Workspace = cmp.Or(o.Workspace, workspace)
	if o.TokenFile == "" {
		o.TokenFile = tokenFile(t, token)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func tokenFile(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	writeFile(t, path, content)
	return path
}

func writeFile(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// serve returns the address of a server on loopback.
func serve(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// serveBytes returns the address of a server that answers each request with these bytes, and hangs up.
func serveBytes(t testing.TB, answer string) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		io.WriteString(conn, answer)
	})
}

// An answer is a transport that gives the same answer to each request, without a network.
type answer struct {
	status int
	header http.Header
	body   string
	stream func() io.Reader // Instead of body.
}

func (a answer) RoundTrip(r *http.Request) (*http.Response, error) {
	var body io.Reader = strings.NewReader(a.body)
	if a.stream != nil {
		body = a.stream()
	}
	return &http.Response{
		StatusCode: cmp.Or(a.status, http.StatusOK), Header: a.header, Body: io.NopCloser(body), Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: -1,
	}, nil
}

// read has a client read a body, as that of a 200.
func read(t testing.TB, body string) (Page, error) {
	t.Helper()
	return newClient(t, Options{Transport: answer{body: body}, Timeout: patience}).Events(t.Context(), position)
}

// words are those of an error, or none.
func words(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

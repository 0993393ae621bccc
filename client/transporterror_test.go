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
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Neither the address, which holds the sync token, nor the method is in any of the errors.
func TestUnreachableServerSaysWhatToDo(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // The server logs refused handshakes.
	server.StartTLS()
	defer server.Close()
	trusting := server.Client().Transport.(*http.Transport).TLSClientConfig
	later := trusting.Clone()
	later.Time = func() time.Time { return time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC) }
	byName := "https://localhost:" + server.URL[strings.LastIndex(server.URL, ":")+1:]
	// Nobody listens on the port of a connection.
	busy, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	closed := busy.LocalAddr().String()

	for name, test := range map[string]struct {
		address string
		tls     *tls.Config
		dial    error
		want    string
	}{
		"unknown authority": {address: server.URL, want: `^127.0.0.1: tls: .* x509: certificate signed by unknown authority; if a proxy or firewall inspects TLS, name the file with its CA in SSL_CERT_FILE$`},
		"another's name":    {address: byName, tls: trusting, want: `^localhost: tls: .* x509: certificate is valid for example.com, .*not localhost; is the API address right, or does a proxy or firewall answer in its place\?$`},
		"expired":           {address: server.URL, tls: later, want: `^127.0.0.1: tls: .* x509: certificate has expired or is not yet valid: current time 2199-01-01T00:00:00Z is after .*; is the clock of this machine right\?$`},
		"nobody listens":    {address: "https://" + closed, want: `^127.0.0.1: dial tcp ` + closed + `: connect: connection refused; if only a proxy leads out, name it in HTTPS_PROXY$`},
		"no TLS":            {address: strings.Replace(serve(t, nil), "http", "https", 1), want: `^127.0.0.1: http: server gave HTTP response to HTTPS client; is the API address right, or does a proxy or firewall answer in its place\?$`},
		"not HTTP either":   {address: "https://" + greet(t, "SSH-2.0-OpenSSH_9.2\r\n"), want: `^127.0.0.1: tls: first record does not look like a TLS handshake; is the API address right, or does a proxy or firewall answer in its place\?$`},
		"says nothing":      {address: "http://" + hangUp(t), want: `^127.0.0.1: EOF; is the API address right, or does a proxy or firewall answer in its place\?$`},
		"speaks otherwise":  {address: serveBytes(t, "SSH-2.0-OpenSSH_9.2\r\n"), want: `^127.0.0.1: .*malformed HTTP response; is the API address right, or does a proxy or firewall answer in its place\?$`},
		"no such host": {
			address: "https://asana.example/api", dial: &net.DNSError{Err: "no such host", Name: "asana.example", Server: "10.0.0.1:53"},
			want: `^asana.example: dial tcp: lookup asana.example on 10.0.0.1:53: no such host; is the name right\? if only a proxy leads out, name it in HTTPS_PROXY$`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			transport := newTransport()
			defer transport.CloseIdleConnections()
			transport.TLSClientConfig = test.tls
			if test.dial != nil {
				transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
					return nil, &net.OpError{Op: "dial", Net: "tcp", Err: test.dial}
				}
			}
			_, err := newClient(t, Options{URL: test.address, Transport: transport}).Events(t.Context(), position)
			if !regexp.MustCompile(test.want).MatchString(words(err)) || strings.Contains(words(err), "events") {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// hangUp returns the address of a server that closes each connection after a request, without an answer.
func hangUp(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// greet returns the address of a server that greets each client with a text and closes the connection when the client does.
func greet(t *testing.T, text string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, text)
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}

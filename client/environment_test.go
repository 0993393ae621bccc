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
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestMain lets a test run this program anew: Go reads a process' proxy and CAs once.
func TestMain(m *testing.M) {
	if address := os.Getenv("CLIENT_TEST_ASK"); address != "" {
		askFromEnvironment(address)
		return
	}
	os.Exit(m.Run())
}

// askFromEnvironment prints what comes of asking a server, in every way to print it.
func askFromEnvironment(address string) {
	c, err := New(Options{URL: address, Workspace: workspace, TokenFile: os.Getenv("CLIENT_TEST_TOKEN_FILE"), Timeout: 5 * time.Second})
	if err != nil {
		fmt.Println(err)
		return
	}
	page, err := c.Events(context.Background(), position)
	fmt.Printf("%+v\n%s\n", page, strings.Join(everythingIn(err), "\n"))
}

// inEnvironment returns what askFromEnvironment prints, first the page and then the error.
func inEnvironment(t *testing.T, address string, variables ...string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = slices.Concat(variables, []string{
		"CLIENT_TEST_ASK=" + address,
		"CLIENT_TEST_TOKEN_FILE=" + tokenFile(t, token),
		"GORACE=atexit_sleep_ms=0", // Else the race detector waits a second.
	})
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

func TestProxyOfTheEnvironment(t *testing.T) {
	const password = "hunter2-hunter2"
	var asked atomic.Pointer[http.Request]
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r)
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	defer proxy.Close()
	mute := serveBytes(t, "220 mail.example ESMTP\r\n")
	// Nobody listens on the port of a connection, and nobody else can begin to as long as it is there.
	busy, err := net.Dial("tcp", proxy.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	closed := busy.LocalAddr().String()
	credentials := "user:" + password + "@"

	const found = "proxy of HTTPS_PROXY: proxyconnect tcp: dial tcp"
	basic := base64.StdEncoding.EncodeToString([]byte("user:" + password))
	echoing := func(answer string) string {
		return "http://" + credentials + strings.TrimPrefix(serveBytes(t, answer), "http://")
	}
	for name, test := range map[string]struct{ proxy, want string }{
		"asks for a password":  {"http://" + credentials + proxy.Listener.Addr().String(), "proxy of HTTPS_PROXY refused: 407 Proxy Authentication Required (HTTPS_PROXY needs the right user and password"},
		"refuses":              {echoing("HTTP/1.1 403 Not with Basic " + basic + "\r\n\r\n"), "proxy of HTTPS_PROXY refused: 403 Forbidden (may it connect to the API address?)"},
		"refuses in no words":  {echoing("HTTP/1.1 599\r\n\r\n"), "proxy of HTTPS_PROXY refused: 599 (may it"},
		"echoes for a status":  {echoing("HTTP/1.1 Basic " + basic + "\r\n\r\n"), "asana.example: malformed HTTP status code; is the API"},
		"echoes for an answer": {echoing("Proxy-Authorization: Basic " + basic + "\r\n\r\n"), "asana.example: malformed HTTP"},
		"echoes for a header":  {echoing("HTTP/1.1 200 OK\r\nBasic " + basic + "\r\n\r\n"), "asana.example: malformed MIME header"},
		"echoes for a length":  {echoing("HTTP/1.1 407 No\r\nContent-Length: " + basic + "\r\n\r\n"), "asana.example: bad Content-Length; is the API"},
		"speaks otherwise":     {"http://" + credentials + strings.TrimPrefix(mute, "http://"), "malformed HTTP"},
		"does not run":         {"http://" + credentials + closed, found},
		"without a scheme":     {credentials + closed, found},
		"is no HTTP proxy":     {"socks5://" + credentials + closed, found},
	} {
		t.Run(name, func(t *testing.T) {
			got := inEnvironment(t, "https://asana.example/api", "HTTPS_PROXY="+test.proxy)
			if !strings.Contains(got, test.want) || strings.Contains(got, password) || strings.Contains(got, basic) || strings.Contains(got, "asana.example/api") {
				t.Errorf("got %s, want %s, and neither the password nor the address", got, test.want)
			}
		})
	}
	r := asked.Load()
	if r == nil || r.Method != http.MethodConnect || r.Host != "asana.example:443" {
		t.Fatalf("the proxy was asked %+v", r)
	}
	if r.Header.Get("Authorization") != "" {
		t.Error("the proxy was sent the token")
	}
}

func TestEnvironmentIsChecked(t *testing.T) {
	const (
		noProxy = "HTTPS_PROXY: must be http://host:port, or http://user:password@host:port with special characters percent-encoded"
		noFile  = "no such file or directory; it must name a "
	)
	missing, folder := filepath.Join(t.TempDir(), "none"), t.TempDir()
	key := tokenFile(t, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	authority := filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, authority, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	for variable, want := range map[string]string{
		"HTTPS_PROXY=proxy.example":                               "",
		"HTTPS_PROXY=proxy.example:3128":                          "",
		"HTTPS_PROXY=10.0.0.1:3128":                               "",
		"HTTPS_PROXY=[::1]:3128":                                  "",
		"HTTPS_PROXY=user:hunter2@proxy.example:3128":             "",
		"HTTPS_PROXY=http://user:hunter2@proxy.example:3128/":     "",
		"HTTPS_PROXY=http://user:p%23hunter2@proxy.example:3128":  "",
		"HTTPS_PROXY=http://user:p@hunter2@proxy.example:3128":    "",
		"HTTPS_PROXY=HTTPS://proxy.example":                       "",
		"HTTPS_PROXY=socks5h://proxy.example":                     "",
		"HTTPS_PROXY=http://user:hunter2@":                        noProxy,
		"HTTPS_PROXY=http://user:hunter2#x@proxy.example":         noProxy,
		"HTTPS_PROXY=http://user:1#hunter2@proxy.example":         noProxy,
		"HTTPS_PROXY=http://user:1/hunter2@proxy.example":         noProxy,
		"HTTPS_PROXY=http://user:1?hunter2@proxy.example":         noProxy,
		"HTTPS_PROXY=http://user:hunter2%@proxy.example":          noProxy,
		"HTTPS_PROXY=http:/user:hunter2@proxy.example":            noProxy,
		"HTTPS_PROXY=http://proxy.example:hunter2":                noProxy,
		"HTTPS_PROXY=http://proxy.example:65536":                  noProxy,
		"HTTPS_PROXY=ftp://proxy.example":                         noProxy,
		"HTTPS_PROXY=\t":                                          noProxy,
		"https_proxy=:hunter2":                                    strings.ToLower(noProxy[:11]) + noProxy[11:],
		"SSL_CERT_FILE=" + missing:                                "SSL_CERT_FILE: stat " + missing + ": " + noFile + "PEM file with CA certificates that this user can read",
		"SSL_CERT_FILE=" + folder:                                 "SSL_CERT_FILE " + folder + ": not a regular file; it must name a PEM file with CA certificates",
		"SSL_CERT_FILE=" + key:                                    "SSL_CERT_FILE " + key + ": holds no certificate; it must be a PEM file with CA certificates",
		"SSL_CERT_DIR=" + missing:                                 "SSL_CERT_DIR: open " + missing + ": " + noFile + "folder with CA certificates that this user can read",
		"SSL_CERT_DIR=" + missing + ":" + folder:                  "",
		"SSL_CERT_FILE=" + authority + " SSL_CERT_DIR=" + missing: "SSL_CERT_DIR: open " + missing + ": " + noFile + "folder with CA certificates that this user can read",
	} {
		t.Run(variable, func(t *testing.T) {
			for _, name := range []string{"HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
				t.Setenv(name, "")
			}
			for pair := range strings.SplitSeq(variable, " ") {
				name, value, _ := strings.Cut(pair, "=")
				t.Setenv(name, value)
			}
			if _, err := New(Options{Workspace: workspace, TokenFile: tokenFile(t, token)}); words(err) != want {
				t.Errorf("got %q, want %q", words(err), want)
			}
			if _, err := New(Options{Workspace: workspace, TokenFile: tokenFile(t, token), Transport: failing{}}); err != nil {
				t.Errorf("a transport that uses neither: %v", err)
			}
		})
	}
}

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
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The web config of an exporter may hide its health. What is left to see is that it answers.
func TestHealthcheckAsksAsTheWebConfigSays(t *testing.T) {
	t.Parallel()
	const (
		certificate = "cert_file: cert.pem, key_file: key.pem"
		users       = "basic_auth_users: {prometheus: $2a$04$14NFMZIsWV2vTZH9PXjBtuAmCsBDRtBntm.cz0WzmDe.tFmM3kKDq}"
	)
	for _, row := range []struct{ name, config, want string }{
		{"nothing", "", `Healthy\.`},
		{"TLS", "tls_server_config: {" + certificate + "}", `Healthy\.`},
		{"a password", users, `Answers, and wants a password to say more\.`},
		{"TLS and a password", "tls_server_config: {" + certificate + "}\n" + users, `Answers, and wants a password to say more\.`},
		{"a certificate", "tls_server_config: {" + certificate + ", client_auth_type: RequireAnyClientCert}", `Answers, and wants a client certificate to say more\.`},
		{
			"a certificate in TLS 1.2", "tls_server_config: {" + certificate + ", client_auth_type: RequireAnyClientCert, max_version: TLS12}",
			`Answers, and wants a client certificate to say more\.`,
		},
		{"a certificate if there is one", "tls_server_config: {" + certificate + ", client_auth_type: RequestClientCert}", `Healthy\.`},
		{"no requests", "rate_limit: {burst: 0, interval: 1h}", `Answers, to fewer requests\.`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			writeCertificate(t, dir)
			config := filepath.Join(dir, "web.yaml")
			must(t, os.WriteFile(config, []byte(row.config), 0o600))
			address, stop := within(t, arguments(t, "--web.config.file", config)...)
			args := []string{"--healthcheck", "--web.listen-address", address, "--web.config.file", config}
			wantHealth(t, 0, "^"+address+": "+row.want+"\n$", args...)
			must(t, stop())
			wantHealth(t, 1, `^asana_exporter: error: not healthy: dial tcp .*: connection refused\n$`, args...)
		})
	}
}

// What nobody configured is no sign of health, and neither is an answer to somebody else.
func TestHealthcheckFails(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, body, status) }))
		t.Cleanup(server.Close)
		return server.Listener.Addr().String()
	}
	listen := func(address string, more ...string) []string {
		return append([]string{"--web.listen-address", address}, more...)
	}
	for _, row := range []struct {
		name string
		args []string
		want string
	}{
		{"a poller hangs", listen(answer(503, "Not healthy: pollers that hang: 12.\n12: more")), `not healthy: \S+ answers 503 Service Unavailable: Not healthy: pollers that hang: 12\.`},
		{"a password of somebody else", listen(answer(401, "Unauthorized")), `not healthy: \S+ answers 401 Unauthorized: Unauthorized`},
		{"a limit of somebody else", listen(answer(429, "")), `not healthy: \S+ answers 429 Too Many Requests: `},
		{"no TLS", listen(answer(200, ""), "--web.config.file", file(t, "tls_server_config: {cert_file: a, key_file: b}")), `not healthy: tls: first record does not look like a TLS handshake`},
		{"no port", listen("localhost"), `--web.listen-address=localhost: address localhost: missing port in address`},
		{"a systemd socket", []string{"--web.systemd-socket"}, `--healthcheck asks a TCP port: .*`},
		{"a vsock address", listen("vsock://:10176"), `--healthcheck asks a TCP port: .*`},
		{"no web config", []string{"--web.config.file", "nowhere"}, `--web.config.file: open nowhere: no such file or directory`},
		{"a web config that is none", []string{"--web.config.file", file(t, "- 1\n- 2")}, `--web.config.file: yaml: unmarshal errors: .*`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			wantHealth(t, 1, "^asana_exporter: error: "+row.want+"\n$", append(row.args, "--healthcheck")...)
		})
	}
}

func TestHealthcheckDoesNotWaitForever(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // The kernel accepts, and nobody reads.
	must(t, err)
	defer listener.Close()
	c, _, err := parseFlags([]string{"--healthcheck", "--web.listen-address", listener.Addr().String()}, io.Discard)
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := healthcheck(ctx, c, io.Discard); err == nil || !strings.Contains(err.Error(), "not healthy: no answer from 127.0.0.1:") {
		t.Errorf("got %v", err)
	}
}

// wantHealth runs the program and compares its exit code, and all that it writes, with a pattern.
func wantHealth(t *testing.T, code int, pattern string, args ...string) {
	t.Helper()
	p := spawn(t, "", args...)
	if got := p.exit(t); got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
	if got := p.stdout.String() + p.stderr.String(); !regexp.MustCompile(pattern).MatchString(got) {
		t.Errorf("it wrote %q, want %s", got, pattern)
	}
}

func TestHealthcheckAsksWhereTheProgramListens(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		":10176": "127.0.0.1:10176", "0.0.0.0:1": "127.0.0.1:1", "[::]:1": "127.0.0.1:1", "[::1]:1": "[::1]:1", "192.0.2.1:1": "192.0.2.1:1",
		"example.com:http": "example.com:http",
	} {
		c, _, err := parseFlags([]string{"--healthcheck", "--web.listen-address", address, "--web.listen-address", "other:2"}, io.Discard)
		must(t, err)
		if got, err := ownAddress(c.web); got != want || err != nil {
			t.Errorf("%s: asks %s, want %s (%v)", address, got, want, err)
		}
	}
}

func TestHealthcheckOfAnImageTakesTheFlagsOfTheExporter(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ commandLine, want []string }{
		{[]string{"/asana_exporter", "--web.listen-address=:1", "--events.log", "all"}, []string{"--web.listen-address=:1", "--events.log", "all"}},
		{[]string{"/asana_exporter"}, nil},
		{[]string{"/sbin/init", "splash"}, nil},
		{[]string{"/sbin/docker-init", "--", "/asana_exporter", "--demo"}, nil},
		{nil, nil},
	} {
		if got := exporterFlags([]byte(strings.Join(row.commandLine, "\x00") + "\x00")); !slices.Equal(got, row.want) {
			t.Errorf("%q gives %q, want %q", row.commandLine, got, row.want)
		}
	}
	for _, args := range [][]string{nil, {"--version"}, {"--healthcheck", "--demo"}, {"--demo", "--healthcheck"}} {
		if got := withFlagsOfFirstProcess(args); !slices.Equal(got, args) {
			t.Errorf("%q became %q", args, got)
		}
	}
}

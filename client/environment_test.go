package client

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
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

	for name, test := range map[string]struct{ proxy, want string }{
		"refuses":          {"http://" + credentials + proxy.Listener.Addr().String(), "Proxy Authentication Required"},
		"speaks otherwise": {"http://" + credentials + strings.TrimPrefix(mute, "http://"), "malformed HTTP status code"},
		"does not run":     {"http://" + credentials + closed, "proxyconnect tcp: dial tcp"},
		"without a scheme": {credentials + closed, "proxyconnect tcp: dial tcp"},
		"is no HTTP proxy": {"socks5://" + credentials + closed, "proxyconnect tcp: dial tcp"},
	} {
		t.Run(name, func(t *testing.T) {
			got := inEnvironment(t, "https://asana.example/api", "HTTPS_PROXY="+test.proxy)
			if !strings.Contains(got, test.want) || strings.Contains(got, password) || strings.Contains(got, "asana.example/api") {
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

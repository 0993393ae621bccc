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
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v2"
)

// healthcheckTime is how long a healthy program may take to answer.
const healthcheckTime = 5 * time.Second

// healthcheck asks the program that runs with the same flags for /-/healthy, and prints the answer. It returns an error unless that
// program is healthy, or refuses to answer without a password or certificate.
func healthcheck(ctx context.Context, c config, stdout io.Writer) error {
	address, err := ownAddress(c.web)
	if err != nil {
		return err
	}
	protection, err := readProtection(*c.web.WebConfigFile)
	if err != nil {
		return fmt.Errorf("--web.config.file: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, healthcheckTime)
	defer cancel()
	sentence, err := askHealth(ctx, address, protection)
	if err != nil {
		return fmt.Errorf("not healthy: %w", err)
	}
	fmt.Fprintf(stdout, "%s: %s\n", address, sentence)
	return nil
}

// ownAddress returns where a program with these flags can be asked.
func ownAddress(flags *web.FlagConfig) (string, error) {
	address := (*flags.WebListenAddresses)[0]
	if *flags.WebSystemdSocket || strings.HasPrefix(address, "vsock://") {
		return "", errors.New("--healthcheck asks a TCP port: it can't know that of a systemd or vsock socket, name it with --web.listen-address alone")
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("--web.listen-address=%s: %w", address, err)
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// protection holds what --web.config.file sets before the program's own pages.
type protection struct {
	tls, certificates, passwords, rateLimit bool
}

// readProtection reads a web config. It opens no certificate and no key: the program itself has checked them.
func readProtection(path string) (p protection, err error) {
	if path == "" {
		return p, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return p, err
	}
	var c web.Config
	if err := yaml.Unmarshal(content, &c); err != nil {
		return p, errors.New(strings.Join(strings.Fields(err.Error()), " ")) // YAML's have many lines.
	}
	return protection{
		tls:          c.TLSConfig.IsEnabled(),
		certificates: strings.HasPrefix(c.TLSConfig.ClientAuth, "Require"),
		passwords:    len(c.Users) > 0,
		rateLimit:    c.RateLimiterConfig.Interval != 0,
	}, nil
}

// askHealth returns what the program at address says of its health. A refusal that the web config asks for shows that the program
// answers, and nothing more: the config has the hash of a password, and no client certificate.
func askHealth(ctx context.Context, address string, p protection) (sentence string, err error) {
	scheme := "http"
	if p.tls {
		scheme = "https"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+address+"/-/healthy", nil)
	if err != nil {
		return "", err
	}
	var asked atomic.Bool
	resp, err := healthTransport(&asked).RoundTrip(req)
	switch {
	case err != nil && p.certificates && asked.Load() && ctx.Err() == nil:
		return "Answers, and wants a client certificate to say more.", nil
	case err != nil && ctx.Err() != nil:
		return "", fmt.Errorf("no answer from %s within %s", address, healthcheckTime)
	case err != nil:
		return "", err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusUnauthorized && p.passwords:
		return "Answers, and wants a password to say more.", nil
	case resp.StatusCode == http.StatusTooManyRequests && p.rateLimit:
		return "Answers, to fewer requests.", nil
	}
	sentence, _ = bufio.NewReader(io.LimitReader(resp.Body, 1<<10)).ReadString('\n')
	sentence = strings.TrimSpace(sentence)
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s: %s", address, resp.Status, sentence)
	}
	return sentence, nil
}

// healthTransport has no client certificate, and notes whether the program asks for one.
func healthTransport(asked *atomic.Bool) *http.Transport {
	return &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{
			InsecureSkipVerify: true, //nolint:gosec // Its name is seldom that of a loopback address, and nothing secret is sent.
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				asked.Store(true)
				return &tls.Certificate{}, nil
			},
		},
	}
}

// withFlagsOfFirstProcess returns args. It puts those of the first process before a --healthcheck that stands alone: in a container,
// that process is the exporter, and the health check of the image can't name the flags that the image's user chose.
func withFlagsOfFirstProcess(args []string) []string {
	if len(args) != 1 || args[0] != "--healthcheck" {
		return args
	}
	commandLine, err := os.ReadFile("/proc/1/cmdline")
	if err != nil {
		return args // Not on Linux.
	}
	return append(exporterFlags(commandLine), args...)
}

// exporterFlags returns the flags in a command line as /proc shows it, if it is the exporter's.
func exporterFlags(commandLine []byte) []string {
	words := strings.Split(strings.TrimSuffix(string(commandLine), "\x00"), "\x00")
	if filepath.Base(words[0]) != "asana_exporter" {
		return nil
	}
	return words[1:]
}

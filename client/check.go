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
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// CheckURL reports why address can't be Options.URL, without any effect. Its errors never quote a password.
func CheckURL(address string) error {
	_, err := parseURL(address)
	return err
}

// CheckWorkspace reports why gid can't be Options.Workspace, without any effect.
func CheckWorkspace(gid string) error {
	const most = 32
	if gid == "" || len(gid) > most || strings.Trim(gid, "0123456789") != "" {
		return fmt.Errorf("%q: a gid is a decimal number of at most %d digits, such as the one in the address of the workspace's pages", gid, most)
	}
	return nil
}

// parseURL accepts https, and http to loopback addresses.
func parseURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, errors.New("not a URL") // The parser's error quotes it, and it may hold a password.
	case strings.Contains(address, "@") || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("must have no user, query or fragment")
	case u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("%q: must be an https URL such as %s", address, DefaultURL)
	case !isPort(u.Port()):
		return nil, fmt.Errorf("%q: a port is at most 65535", address)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, fmt.Errorf("%q: plain http would send the token in the clear; use https", address)
	}
	return u, nil
}

// isPort reports whether port is one that can be dialled, or empty.
func isPort(port string) bool {
	_, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// CheckEnvironment reports a proxy that can't be parsed, and a file or folder of CAs that can't be read. New refuses both for its own
// transport: net/http and crypto/x509 would go on without an error, with no proxy or with fewer CAs.
func CheckEnvironment() error {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} { // net/http uses the first that is not empty.
		if proxy := os.Getenv(name); proxy != "" {
			if !isProxy(proxy) {
				return fmt.Errorf("%s: must be http://host:port, or http://user:password@host:port with special characters percent-encoded", name)
			}
			break
		}
	}
	if path := os.Getenv("SSL_CERT_FILE"); path != "" {
		if err := checkCAFile(path); err != nil {
			return err
		}
	}
	if folders := os.Getenv("SSL_CERT_DIR"); folders != "" { // crypto/x509 reads both.
		return checkCAFolders(folders)
	}
	return nil
}

// isProxy reports whether proxy is a host or a URL of one. A "/", "?" or "#" further on is part of a password that is
// not encoded; net/http would take what precedes it for the host.
func isProxy(proxy string) bool {
	u, err := url.Parse(proxy)
	if err != nil || u.Host == "" {
		if u, err = url.Parse("http://" + proxy); err != nil {
			return false
		}
	}
	known := slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme)
	return known && u.Hostname() != "" && isPort(u.Port()) && (u.Path == "" || u.Path == "/") && u.RawQuery == "" && u.Fragment == ""
}

func checkCAFile(path string) error {
	info, err := os.Stat(path) //nolint:gosec // The operator names the file.
	if err != nil {
		return fmt.Errorf("SSL_CERT_FILE: %w; it must name a PEM file with CA certificates that this user can read", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("SSL_CERT_FILE %s: not a regular file; it must name a PEM file with CA certificates", path)
	}
	content, err := os.ReadFile(path) //nolint:gosec // As above.
	if err != nil {
		return fmt.Errorf("SSL_CERT_FILE: %w; it must name a PEM file with CA certificates that this user can read", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(content) {
		return fmt.Errorf("SSL_CERT_FILE %s: holds no certificate; it must be a PEM file with CA certificates", path)
	}
	return nil
}

// checkCAFolders requires one folder that can be read: distributions name folders that they do not have.
func checkCAFolders(folders string) error {
	var first error
	for folder := range strings.SplitSeq(folders, ":") {
		_, err := os.ReadDir(folder)
		if err == nil {
			return nil
		}
		first = cmp.Or(first, err)
	}
	return fmt.Errorf("SSL_CERT_DIR: %w; it must name a folder with CA certificates that this user can read", first)
}

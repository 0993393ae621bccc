package client

import (
	"errors"
	"fmt"
	"net"
	"net/url"
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
	if gid == "" || len(gid) > 32 || strings.Trim(gid, "0123456789") != "" {
		return fmt.Errorf("%q: a gid is a decimal number, such as the one in the address of the workspace's pages", gid)
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

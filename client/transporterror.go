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
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// transportError describes why no answer came, and what to do about it. It drops the URL, which holds the sync token, and
// all text that the server or a proxy sent.
func transportError(ctx context.Context, host string, secret secret, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if inner, ok := errors.AsType[*url.Error](err); ok {
		err = inner.Err
	}
	if refused, ok := errors.AsType[*ProxyError](err); ok {
		return refused
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "proxyconnect" || strings.HasPrefix(op.Op, "socks")) {
		host = "proxy of HTTPS_PROXY"
	}
	hint := transportHint(err)
	return secret.redactError(fmt.Errorf("%s: %w%s", host, withoutQuotes(err), hint))
}

// withoutQuotes cuts an error before its first quotation mark: net/http quotes what the server or a proxy sent. Errors
// about certificates quote names only, and stay whole.
func withoutQuotes(err error) error {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return err
	}
	if before, _, ok := strings.Cut(err.Error(), `"`); ok {
		return errors.New(strings.TrimRight(before, " :["))
	}
	return err
}

func transportHint(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "; if a proxy or firewall inspects TLS, name the file with its CA in SSL_CERT_FILE"
	}
	_, isAnothers := errors.AsType[x509.HostnameError](err)
	_, isNotTLS := errors.AsType[tls.RecordHeaderError](err)
	const anothers = "; is the API address right, or does a proxy or firewall answer in its place?"
	if isAnothers || isNotTLS || errors.Is(err, http.ErrSchemeMismatch) {
		return anothers
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "; is the clock of this machine right?"
	}
	op, _ := errors.AsType[*net.OpError](err)
	_, isDNS := errors.AsType[*net.DNSError](err)
	switch {
	case op != nil && op.Op == "proxyconnect":
		return "; is the address in HTTPS_PROXY right?"
	case isDNS:
		return "; is the name right? if only a proxy leads out, name it in HTTPS_PROXY"
	case op != nil && op.Op == "dial":
		return "; if only a proxy leads out, name it in HTTPS_PROXY"
	}
	return anothers
}

// proxyRefusal replaces the error of net/http, which is the proxy's status line as it came.
func proxyRefusal(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyError{Status: resp.StatusCode, RetryAfter: retryAfter(resp.Header, time.Now())}
}

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
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// behind is the age from which a position leads to a backlog.
const behind = 61 * time.Second

// catchUp measures the rate of reading a backlog from a server that delays each answer.
func (r *rig) catchUp(ctx context.Context) ([]result, error) {
	const delay, count = 50 * time.Millisecond, 200
	old, err := r.oldState(ctx)
	if err != nil {
		return nil, err
	}
	all, err := r.compete(ctx, "catchup", work{events: count * 1000, secure: true, delay: delay},
		contender{own, func(ctx context.Context, w work) (usage, error) { return r.followFrom(ctx, old, w) }},
		r.poller("plain Go poller", r.plainCommand), contender{"bare reader", r.read})
	if err != nil {
		return nil, err
	}
	took := func(u usage) float64 { return u.wall.Seconds() }
	bare := all[2].median(took)
	return []result{{
		number: "catch-up from a server that answers in 50 ms, share of the possible rate",
		value:  100 * bare / all[0].median(took), bound: 90, format: "%.1f %%", least: true,
		beside: fmt.Sprintf("plain Go poller %.1f %%; a reader that only downloads needs %.1f ms for each page",
			100*bare/all[1].median(took), 1000*bare/(count+1)),
	}}, nil
}

// oldState returns a folder with the exporter's state at the start of the stream, old enough for the next events to be a
// backlog.
func (r *rig) oldState(ctx context.Context) (string, error) {
	dir, err := os.MkdirTemp(r.dir, "old-")
	if err != nil {
		return "", err
	}
	r.say("catchup: waiting %s for a position to grow old", behind)
	if _, err := r.follow(ctx, r.exporterCommand, work{state: dir}); err != nil {
		return "", err
	}
	select {
	case <-time.After(behind):
		return dir, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// followFrom runs the exporter on a copy of an old state.
func (r *rig) followFrom(ctx context.Context, old string, w work) (usage, error) {
	dir, err := os.MkdirTemp(r.dir, "state-")
	if err != nil {
		return usage{}, err
	}
	if err := os.CopyFS(filepath.Join(dir, "data"), os.DirFS(filepath.Join(old, "data"))); err != nil {
		return usage{}, err
	}
	w.state = dir
	return r.follow(ctx, r.exporterCommand, w)
}

// read downloads the stream without decompressing, decoding or storing it, at the highest rate of the server.
func (r *rig) read(ctx context.Context, w work) (usage, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	server, err := r.servePages(ctx, w)
	if err != nil {
		return usage{}, err
	}
	defer server.close()
	client, err := r.client()
	if err != nil {
		return usage{}, err
	}
	token, more := "", true
	for more {
		if token, more, err = next(ctx, client, server.url, token); err != nil {
			return usage{}, err
		}
	}
	report, err := server.wait(ctx, server.child)
	return usage{wall: report.Last.Sub(report.First)}, err
}

// client returns a client that trusts the page server.
func (r *rig) client() (*http.Client, error) {
	certificate, err := os.ReadFile(r.identity.certificate)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	tls := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: tls, ForceAttemptHTTP2: true, DisableCompression: true,
	}}, nil
}

// next returns the token after the page that token asks for, and whether there is more.
func next(ctx context.Context, client *http.Client, base, token string) (sync string, more bool, err error) {
	to := base + "/workspaces/" + workspace + "/events?" + url.Values{"sync": {token}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, to, http.NoBody)
	if err != nil {
		return "", false, err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", false, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", false, err
	}
	var tail struct {
		Sync    string `json:"sync"`
		HasMore bool   `json:"has_more"`
	}
	at := max(0, bytes.LastIndex(body, []byte(`"sync":`)))
	if err := json.Unmarshal(append([]byte("{"), body[at:]...), &tail); err != nil {
		return "", false, fmt.Errorf("read page: %w", err)
	}
	return tail.Sync, tail.HasMore || response.StatusCode == http.StatusPreconditionFailed, nil
}

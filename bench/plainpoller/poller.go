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
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type object struct {
	GID             string `json:"gid"`
	ResourceType    string `json:"resource_type"`
	ResourceSubtype string `json:"resource_subtype"`
	Name            string `json:"name"`
}

type change struct {
	Field        string  `json:"field"`
	Action       string  `json:"action"`
	NewValue     *object `json:"new_value"`
	AddedValue   *object `json:"added_value"`
	RemovedValue *object `json:"removed_value"`
}

type event struct {
	User      *object   `json:"user"`
	Resource  object    `json:"resource"`
	Type      string    `json:"type"`
	Action    string    `json:"action"`
	Parent    *object   `json:"parent"`
	CreatedAt time.Time `json:"created_at"`
	Change    *change   `json:"change"`
}

type page struct {
	Data    []event `json:"data"`
	Sync    string  `json:"sync"`
	HasMore bool    `json:"has_more"`
}

// state is the content of the state file. The keys of Counts are label values joined by a bar.
type state struct {
	Sync   string             `json:"sync"`
	Counts map[string]float64 `json:"counts"`
}

type poller struct {
	client *http.Client
	url    string
	token  string
	file   string
	state  state
	events *prometheus.CounterVec
}

func newPoller(registry prometheus.Registerer, base, workspace, token, file string) (*poller, error) {
	p := &poller{
		client: &http.Client{Timeout: 30 * time.Second},
		url:    base + "/workspaces/" + url.PathEscape(workspace) + "/events",
		token:  strings.TrimSpace(token),
		file:   file,
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name:        "asana_events_total",
			Help:        "Events of the workspace.",
			ConstLabels: prometheus.Labels{"workspace": workspace},
		}, []string{"action", "resource_type", "resource_subtype", "change_field", "parent_type"}),
	}
	registry.MustRegister(p.events)
	if err := p.load(); err != nil {
		return nil, err
	}
	return p, nil
}

// load reads the state, where there is one, and counts what it says.
func (p *poller) load() error {
	p.state.Counts = map[string]float64{}
	raw, err := os.ReadFile(p.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &p.state); err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	for key, n := range p.state.Counts {
		p.events.WithLabelValues(strings.Split(key, "|")...).Add(n)
	}
	return nil
}

func (p *poller) run(ctx context.Context, interval time.Duration) {
	for {
		if err := p.drain(ctx); err != nil && ctx.Err() == nil {
			log.Print("poll: ", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval):
		}
	}
}

// drain reads pages until there are no more.
func (p *poller) drain(ctx context.Context) error {
	for {
		next, err := p.get(ctx)
		if err != nil {
			return err
		}
		p.count(next)
		if err := p.save(); err != nil {
			return err
		}
		if !next.HasMore {
			return nil
		}
	}
}

func (p *poller) get(ctx context.Context) (page, error) {
	to := p.url
	if p.state.Sync != "" {
		to += "?sync=" + url.QueryEscape(p.state.Sync)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, to, http.NoBody)
	if err != nil {
		return page{}, err
	}
	request.Header.Set("Authorization", "Bearer "+p.token)
	response, err := p.client.Do(request)
	if err != nil {
		return page{}, err
	}
	defer response.Body.Close()
	// A refused token comes with a fresh one.
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusPreconditionFailed {
		return page{}, fmt.Errorf("unexpected status %s", response.Status)
	}
	var next page
	if err := json.NewDecoder(response.Body).Decode(&next); err != nil {
		return page{}, fmt.Errorf("decode page: %w", err)
	}
	return next, nil
}

func (p *poller) count(next page) {
	for _, e := range next.Data {
		var field, parent string
		if e.Change != nil {
			field = e.Change.Field
		}
		if e.Parent != nil {
			parent = e.Parent.ResourceType
		}
		labels := []string{e.Action, e.Resource.ResourceType, e.Resource.ResourceSubtype, field, parent}
		p.events.WithLabelValues(labels...).Inc()
		p.state.Counts[strings.Join(labels, "|")]++
	}
	p.state.Sync = next.Sync
}

// save writes the state beside the old one and puts it in its place.
func (p *poller) save() error {
	raw, err := json.Marshal(p.state)
	if err != nil {
		return err
	}
	f, err := os.Create(p.file + ".tmp")
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(raw); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return os.Rename(f.Name(), p.file)
}

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
	"net"
	"net/http"
	"path"
	"strings"
	"time"
)

// receive prints what Alertmanager sends, until ctx ends; with the exporter's log, if there is one, also who it was.
func receive(ctx context.Context, address, exporterLog string) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { printPage(w, r, exporterLog) }), ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// printPage prints a notification as Alertmanager's webhooks send it, a line for each alert.
func printPage(w http.ResponseWriter, r *http.Request, exporterLog string) {
	var notification struct {
		Alerts []struct {
			Status              string
			Labels, Annotations map[string]string
		}
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&notification); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for _, alert := range notification.Alerts {
		say(fmt.Sprintf("%-7s %-8s %s: %s", strings.ToUpper(path.Base(r.URL.Path)), alert.Status, alert.Labels["alertname"],
			alert.Annotations["summary"]))
		if exporterLog != "" && alert.Status == "firing" && alert.Labels["kind"] != "" {
			printWho(exporterLog)
		}
	}
}

// printWho prints who deleted most in the last hour.
func printWho(exporterLog string) {
	lines, err := whoDeleted(exporterLog, time.Now().Add(-time.Hour))
	if err != nil {
		say(fmt.Sprintf("who deleted is not known: %v", err))
		return
	}
	say("deleted in the last hour, from the lines of --events.log:\n" + strings.Join(lines, "\n"))
}

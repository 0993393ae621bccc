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

// receive prints what Alertmanager sends, until ctx ends.
func receive(ctx context.Context, address string) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.HandlerFunc(printPage), ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// printPage prints a notification as Alertmanager's webhooks send it, a line for each alert.
func printPage(w http.ResponseWriter, r *http.Request) {
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
	}
}

package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestWhoDeletedMost(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	const event = `{"level":"info","msg":"event","action":"deleted","created_at":"2026-03-17T10:00:00Z","user_gid":"`
	content := event + "1\"}\n" + event + "2\"}\n" + event + "1\"}\n" + event + "\"}\n" + event + "\"}\n" + event + "\"}\nno JSON\n" +
		`{"msg":"event","action":"added","created_at":"2026-03-17T10:00:00Z","user_gid":"3"}` + "\n" +
		`{"msg":"event","action":"deleted","created_at":"2026-03-17T08:59:00Z","user_gid":"4"}` + "\n" +
		`{"msg":"page counted","action":"deleted","created_at":"2026-03-17T10:00:00Z"}` + "\n"
	if err := os.WriteFile(log, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := whoDeleted(log, time.Date(2026, 3, 17, 9, 0, 0, 0, time.UTC))
	if want := []string{"     3 by user (the system)", "     2 by user 1", "     1 by user 2"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q and %v, want %q", got, err, want)
	}
	if _, err := whoDeleted(log+"x", time.Time{}); err == nil {
		t.Error("no error without a log")
	}
}

package main

import (
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// People import the files; nobody edits them.
func TestFilesAreWhatTheCodeMakes(t *testing.T) {
	for _, d := range dashboards() {
		got := string(d.json())
		if *update {
			if err := os.WriteFile(d.file(), []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(d.file())
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is not what the code makes; go generate ./dashboards writes it anew", d.file())
		}
	}
}

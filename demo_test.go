package main

import (
	"io"
	"testing"
)

// Somebody who only wants to look must not lose what was counted: the demo has a state file of its own in every folder.
func TestDemoLeavesTheStateOfAWorkspaceAlone(t *testing.T) {
	names := map[bool]string{}
	for demo, args := range map[bool][]string{
		true:  {"--demo", "--asana.workspace=1200000000000001"},
		false: {"--asana.workspace=1200000000000001", "--asana.token-file=token"},
	} {
		c, _, err := parseFlags(args, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		names[demo] = c.stateName()
	}
	if names[true] == names[false] {
		t.Errorf("both are called %s.json", names[true])
	}
}

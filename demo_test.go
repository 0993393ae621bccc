package main

import (
	"io"
	"net/http"
	"os"
	"syscall"
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
		must(t, err)
		names[demo] = c.stateName()
	}
	if names[true] == names[false] {
		t.Errorf("both are called %s.json", names[true])
	}
}

// Whoever looks need not wait for the next incident.
func TestDemoBringsAnIncidentOnDemand(t *testing.T) {
	t.Parallel()
	address, _ := within(t, "--demo", "--web.listen-address", "127.0.0.1:0", "--events.zero-first", "0s")
	eventually(t, "the first catch-up", func() bool { return statusOf(t, "http://"+address+"/-/ready") == http.StatusOK })
	response, err := http.Post("http://"+address+"/control/incident?n=700", "", nil)
	must(t, err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatal(response.Status)
	}
	eventually(t, "the incident", func() bool {
		return total(samples(t, address), `asana_events_total{action="deleted"`) >= 700
	})
}

// Whatever ends the demo, nothing of it is left. Others than this machine reach it only if that is asked for.
func TestDemoRemovesItsFolderOnEverySignal(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{
		syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGINT, syscall.SIGTERM, syscall.SIGABRT, syscall.SIGALRM,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGXCPU,
	} {
		temp := t.TempDir()
		p := spawnIn(t, "", []string{"TMPDIR=" + temp}, "--demo", "--web.listen-address", "127.0.0.1:0")
		p.address(t)
		wantStop(t, p, signal)
		if files, err := os.ReadDir(temp); err != nil || len(files) != 0 {
			t.Errorf("%s: left behind: %v, %v", signal, files, err)
		}
	}
}

func TestDemoListensOnLoopbackUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"127.0.0.1:10176": {"--demo"}, ":10176": {"--demo", "--web.listen-address=:10176"},
	} {
		c, _, err := parseFlags(args, io.Discard)
		must(t, err)
		demo, err := newDemo(&c)
		must(t, err)
		demo.close()
		if got := *c.web.WebListenAddresses; len(got) != 1 || got[0] != want {
			t.Errorf("%q listens on %q", args, got)
		}
	}
}

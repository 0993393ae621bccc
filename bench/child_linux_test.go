package main

import (
	"testing"
	"time"
)

func TestUsageExcludesTheParent(t *testing.T) {
	ballast := make([]byte, 256<<20) // Must not appear in the usage of the child.
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	c := startTest(t, "wait")
	u, err := c.stop()
	if err != nil || u.peak <= 0 || u.peak > 100<<20 || u.cpu > 10*time.Second {
		t.Errorf("usage %+v (%v), want a little of each", u, err)
	}
	if ballast[0] != 1 {
		t.Error("the ballast is gone")
	}
}

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

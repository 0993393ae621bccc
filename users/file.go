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

package users

import (
	"fmt"

	"github.com/axiomhq/hyperloglog"
	"github.com/go-json-experiment/json"
)

// fileVersion is the version of what Encode writes.
const fileVersion = 1

// A file is kept over restarts: the key of the hashes, and the sketches of each window by step.
type file struct {
	Version int                             `json:"version"`
	Key     []byte                          `json:"key"`
	Windows [activeWindows]map[int64][]byte `json:"windows"`
}

// Encode returns the active users as JSON. The top users are not in it: they are about what happens now.
func (u *Users) Encode() ([]byte, error) {
	f := file{Version: fileVersion, Key: u.active.key}
	for i, window := range u.active.windows {
		f.Windows[i] = map[int64][]byte{}
		for step, sketch := range window.sketches {
			content, err := sketch.MarshalBinary()
			if err != nil {
				return nil, err
			}
			f.Windows[i][step] = content
		}
	}
	return json.Marshal(f)
}

// Changed reports whether Encode would return something other than when Saved was called.
func (u *Users) Changed() bool { return u.active.changed }

// Grown reports whether the users who came to a window since Saved was called are more than a hundredth of those in it.
func (u *Users) Grown() bool {
	for i, n := range u.active.came {
		if n*100 > u.counts.Active[i] {
			return true
		}
	}
	return false
}

// Saved says that what Encode returned last is durable.
func (u *Users) Saved() { u.active.changed, u.active.came = false, [activeWindows]uint64{} }

// Decode returns the Users that Encode wrote.
func Decode(content []byte) (*Users, error) {
	var f file
	if err := json.Unmarshal(content, &f, json.RejectUnknownMembers(true)); err != nil {
		return nil, err
	}
	u := New()
	if f.Version != fileVersion || len(f.Key) != len(u.active.key) {
		return nil, fmt.Errorf("version %d with a key of %d bytes", f.Version, len(f.Key))
	}
	u.active.key = f.Key
	for i, window := range f.Windows {
		for step, content := range window {
			sketch := new(hyperloglog.Sketch)
			if err := sketch.UnmarshalBinary(content); err != nil {
				return nil, err
			}
			if err := hyperloglog.New14().Merge(sketch); err != nil { // It has another precision.
				return nil, err
			}
			u.active.windows[i].sketches[step] = sketch
		}
	}
	return u, nil
}

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
	"fmt"
	"io"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/scenario"
	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/topuser"
)

// users prints what an alert on the most deletions of any one user finds that volume cannot, without bouts of work, with
// bouts of two sessions and with bouts of four. The limits are tuned on other seeds than those judged.
func users(ctx context.Context, w io.Writer, o options) error {
	for _, join := range []float64{0, .5, .75} {
		limits := topuser.Tune(o.lives([]uint64{1, 2}, join))
		fmt.Fprintf(w, "\nSessions %s, of which %.0f %% join a bout: the 15 minute limit %v, the 90 minute limit %v\n\n",
			o.sessions, 100*join, limits[0], limits[1])
		topuser.Table(w, limits, o.lives(o.seeds, join))
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func (o options) lives(seeds []uint64, join float64) []scenario.Life {
	var all []scenario.Life
	for _, seed := range seeds {
		all = append(all, scenario.Lives(seed, o.days, scenario.Sessions(o.sessions), join, o.only)...)
	}
	return all
}

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
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/scenario"
)

type options struct {
	rules     string
	seeds     []uint64
	only      string
	traces    string
	sessions  string
	days      int
	retention time.Duration
	replicas  int
	list      bool
}

func parse(command string, args []string) (options, error) {
	var o options
	f := flag.NewFlagSet(command, flag.ContinueOnError)
	f.StringVar(&o.rules, "rules", "../deletions.yml", "the rule file to judge, taken as it is")
	f.StringVar(&o.only, "only", "_inc,_cleanup", "comma-separated parts of names of scenarios; empty for all, those without incidents, too")
	f.StringVar(&o.sessions, "sessions", string(scenario.Heavy), "how many things people delete at a time: short, heavy or commits")
	f.StringVar(&o.traces, "traces", "", "a folder with traces of real activity to add")
	f.IntVar(&o.days, "days", 91, "length of the scenarios")
	f.DurationVar(&o.retention, "retention", 0, "how long Prometheus keeps samples, 360h by default there; 0 is for ever")
	f.IntVar(&o.replicas, "replicas", 1, "exporters that follow the same workspace; their processes fail at different times")
	f.BoolVar(&o.list, "list", false, "quality: print what was missed, and each false page")
	seeds := f.String("seeds", "3,11,12", "comma-separated seeds of everything random")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if !slices.Contains([]scenario.Sessions{scenario.Short, scenario.Heavy, scenario.Commits}, scenario.Sessions(o.sessions)) {
		return o, fmt.Errorf("sessions: %q is none of short, heavy and commits", o.sessions)
	}
	for s := range strings.SplitSeq(*seeds, ",") {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return o, fmt.Errorf("seed: %w", err)
		}
		o.seeds = append(o.seeds, seed)
	}
	return o, nil
}

// scenarios are those of one seed.
func (o options) scenarios(seed uint64) ([]*scenario.Scenario, error) {
	all := scenario.Synthetic(seed, max(o.days, 20), scenario.Sessions(o.sessions), o.only)
	if o.traces != "" {
		more, err := scenario.Traces(o.traces, seed, o.only)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	for _, s := range all {
		s.Cut(o.days)
	}
	return all, nil
}

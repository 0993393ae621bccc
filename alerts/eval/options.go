package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"asana_exporter/alerts/eval/internal/scenario"
	"asana_exporter/alerts/eval/internal/simulate"
)

// core is a sample of the catalogue: all sizes, growth, cron jobs, a level shift, a change of the clocks.
const core = "syn-sparse-1_inc,syn-sparse-3_inc,syn-small-1_inc,syn-small-3_inc,syn-medium-1_inc,syn-medium-3_inc," +
	"syn-large-1_inc,syn-large-3_inc,syn-huge-1_inc,syn-small-growth_inc,dailycron_inc,weeklycron_inc," +
	"medium-levelshift_inc,large-dst_inc,small-lazy_inc,_cleanup"

type options struct {
	rules, baseline string
	seeds           []uint64
	only            string
	traces          string
	sessions        string
	days            int
	retention       time.Duration
	workers         int
	times           bool
	play            simulate.Options
	workspaces      int
	server          string
	measure         time.Duration
}

func parse(command string, args []string) (options, error) {
	var o options
	f := flag.NewFlagSet(command, flag.ContinueOnError)
	f.StringVar(&o.rules, "rules", "../deletions.yml", "the rule file to judge, taken as it is")
	f.StringVar(&o.baseline, "baseline", "testdata/start.yml", "a rule file to compare with; empty for none")
	f.StringVar(&o.only, "only", core, "comma-separated parts of names of scenarios; empty for all")
	f.StringVar(&o.sessions, "sessions", string(scenario.Heavy), "how many things people delete at a time: short, heavy or commits")
	f.StringVar(&o.traces, "traces", "", "a folder with traces of real activity to add")
	f.IntVar(&o.days, "days", 91, "length of the scenarios")
	f.DurationVar(&o.retention, "retention", 0, "how long Prometheus keeps samples, 360h by default there; 0 is for ever")
	f.IntVar(&o.workers, "j", 2, "scenarios at a time")
	f.BoolVar(&o.times, "times", false, "print the time spent by rule")
	f.IntVar(&o.play.Replicas, "replicas", 1, "exporters that follow the same workspace")
	f.BoolVar(&o.play.Staggered, "staggered", true, "their processes fail at different times")
	f.BoolVar(&o.play.Late, "late", true, "events come late: most within a minute, a few after ten")
	f.BoolVar(&o.play.Jitter, "jitter", true, "scrapes don't come on the dot")
	f.IntVar(&o.workspaces, "workspaces", 50, "cost: workspaces that the server follows")
	f.StringVar(&o.server, "server", "prometheus", "cost: the server to start")
	f.DurationVar(&o.measure, "for", 3*time.Minute, "cost: how long it runs")
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

package main

import (
	"context"
	"fmt"
	"io"

	"asana_exporter/alerts/eval/internal/scenario"
	"asana_exporter/alerts/eval/internal/topuser"
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

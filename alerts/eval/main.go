// Command eval measures how good the alerts on deletions are.
//
// It plays simulated workspaces of 91 days, with known incidents and faults, through rule files as they are, and
// counts what was found, how fast, and how often somebody was paged for nothing. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

var errUsage = errors.New("usage: eval quality|check|cost|users [flags], eval quality -h for the flags; see README.md")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	commands := map[string]func(context.Context, io.Writer, options) error{
		"quality": quality, "check": check, "cost": price, "users": users,
	}
	command, ok := commands[args[0]]
	if !ok {
		return errUsage
	}
	o, err := parse(args[0], args[1:])
	if err != nil {
		return err
	}
	return command(ctx, w, o)
}

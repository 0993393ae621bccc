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

var errUsage = errors.New("usage: eval quality|cost [flags], eval quality -h for the flags; see README.md")

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
	commands := map[string]func(context.Context, io.Writer, options) error{"quality": quality, "cost": price}
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

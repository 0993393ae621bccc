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
	"fmt"
	"io"
	"text/tabwriter"
)

// result is a number with its bound.
type result struct {
	number string
	value  float64
	bound  float64
	// format writes value and bound with their unit.
	format string
	// least makes the bound a minimum; otherwise it is a maximum.
	least  bool
	beside string
	// note says why there is no value; all other fields but number are then empty.
	note string
}

func (r result) verdict() string {
	switch {
	case r.note != "":
		return "not measured"
	case r.least && r.value < r.bound:
		return "under"
	case !r.least && r.value > r.bound:
		return "over"
	}
	return "within"
}

// cells returns the columns of the table but for the last one.
func (r result) cells() (measured, bound, beside string) {
	if r.note != "" {
		return "-", "-", r.note
	}
	sign := "<="
	if r.least {
		sign = ">="
	}
	return fmt.Sprintf(r.format, r.value), sign + " " + fmt.Sprintf(r.format, r.bound), r.beside
}

// printTable writes a line about the machine and then the results.
func printTable(out io.Writer, machine string, results []result) error {
	fmt.Fprintf(out, "%s\n\n", machine)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "number\tmeasured\tbound\tverdict\tcompared with")
	for _, r := range results {
		measured, bound, beside := r.cells()
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.number, measured, bound, r.verdict(), beside)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print table: %w", err)
	}
	return nil
}

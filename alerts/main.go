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

// Alerts writes the Prometheus rules beside it: deletions.yml, exporter.yml and recording.yml.
//
//	go generate ./alerts
//	go run ./alerts -page critical -runbook https://wiki.example.com/asana -out /etc/prometheus/rules
//
// Start with deletions.go, which has the rules from top to bottom and the numbers in a table. exporter.go and watching.go are the
// rules about the exporter itself, recording.go those for the dashboards. How a rule becomes YAML is in rule.go.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

//go:generate go run .

// options are what companies change.
type options struct {
	page, warning string // Names of severities.
	runbook       string // Address of the runbook; the anchor of an alert is appended.
	grafana       string // Address of Grafana.
	selector      string // Matchers for the exporter's metrics, such as job="asana".
	disabled      string // Names of alerts to leave out, between commas.
}

func defaults() options {
	return options{
		page:    "page",
		warning: "warning",
		runbook: "https://github.com/asana-exporter/asana_exporter/blob/main/docs/runbook.md",
		grafana: "http://localhost:3000",
	}
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes the files as the flags say.
func run(args []string) error {
	o := defaults()
	flags := flag.NewFlagSet("alerts", flag.ExitOnError)
	flags.StringVar(&o.page, "page", o.page, "severity of alerts that wake somebody")
	flags.StringVar(&o.warning, "warning", o.warning, "severity of alerts for working hours")
	flags.StringVar(&o.runbook, "runbook", o.runbook, "address of the runbook")
	flags.StringVar(&o.grafana, "grafana", o.grafana, "address of Grafana, for links to its dashboards")
	flags.StringVar(&o.selector, "selector", o.selector, `matchers for the exporter's metrics, such as job="asana"; none selects all`)
	flags.StringVar(&o.disabled, "disable", "", "alerts to leave out, such as AsanaExporterAbsent on servers that scrape other things; commas between them")
	folder := flags.String("out", ".", "folder to write to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: there are flags only", flags.Arg(0))
	}
	if err := o.check(); err != nil {
		return err
	}
	made, err := without(files(o), o.disabled)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(*folder, 0o755); err != nil { //nolint:gosec // Prometheus runs as another user.
		return err
	}
	for _, f := range made {
		if err := os.WriteFile(filepath.Join(*folder, f.name), []byte(f.yaml()), 0o644); err != nil { //nolint:gosec // Prometheus runs as another user.
			return err
		}
	}
	return nil
}

var (
	severity = regexp.MustCompile(`^[a-zA-Z][\w.-]*$`)
	address  = regexp.MustCompile(`^https?://[^\s"'#?,{}\[\]\\]+$`) // The rest of YAML's characters are no trouble within an address.
)

// check refuses options that would make other rules than those meant, or no rules at all, and tidies the others up.
func (o *options) check() (err error) {
	for _, name := range []string{o.page, o.warning} {
		if !severity.MatchString(name) || slices.Contains([]string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}, strings.ToLower(name)) {
			return fmt.Errorf("severity %q: want letters, digits, dots, hyphens and underscores, and no word that YAML reads as a truth value or as nothing", name)
		}
	}
	if o.page == o.warning {
		return fmt.Errorf("-page and -warning are both %q: alerts of both severities would be one", o.page)
	}
	for _, url := range []string{o.runbook, o.grafana} {
		if !address.MatchString(url) {
			return fmt.Errorf("address %q: want https://..., without query, anchor, spaces, quotes, commas and brackets", url)
		}
	}
	o.grafana = strings.TrimRight(o.grafana, "/")
	o.selector, err = parseSelector(o.selector)
	return err
}

// files returns the rule files. The selector is added here, so that no query can be without it.
func files(o options) []file {
	files := []file{deletions(o), exporter(o), recording()}
	for _, f := range files {
		for _, g := range f.groups {
			for i, r := range g.rules {
				g.rules[i].expr = selected(r.expr, o.selector)
				for k := range r.annotations {
					r.annotations[k][1] = selectedInQueries(r.annotations[k][1], o.selector)
				}
			}
		}
	}
	return files
}

// without leaves out the alerts of a list of names, and the groups that have no others.
func without(files []file, names string) ([]file, error) {
	for name := range strings.SplitSeq(names, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		found := false
		for i, f := range files {
			for j, g := range f.groups {
				rules := slices.DeleteFunc(g.rules, func(r rule) bool { return r.alert == name })
				found = found || len(rules) < len(g.rules)
				f.groups[j].rules = rules
			}
			files[i].groups = slices.DeleteFunc(f.groups, func(g group) bool { return len(g.rules) == 0 })
		}
		if !found {
			return nil, fmt.Errorf("-disable: there is no alert %q", name)
		}
	}
	return files, nil
}

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
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// prometheus returns the program and its flags, if any. As in the tests, an environment variable can name it.
func prometheus() []string { return strings.Fields(cmp.Or(os.Getenv("PROMETHEUS"), "prometheus")) }

func promtool() string { return cmp.Or(os.Getenv("PROMTOOL"), "promtool") }

// alertmanager has a longer name in Debian.
func alertmanager() string {
	name := cmp.Or(os.Getenv("ALERTMANAGER"), "alertmanager")
	if _, err := exec.LookPath(name); err != nil {
		return "prometheus-alertmanager"
	}
	return name
}

// missing returns an error that says what to install.
func missing() (all error) {
	for _, part := range []struct{ program, pack string }{
		{"go", "golang (1.26)"}, {prometheus()[0], "prometheus"}, {promtool(), "prometheus"}, {alertmanager(), "prometheus-alertmanager"},
	} {
		if _, err := exec.LookPath(part.program); err != nil {
			all = errors.Join(all, fmt.Errorf("%s is missing: install Debian's package %s, or put it on the PATH", part.program, part.pack))
		}
	}
	return all
}

// taken returns an error if something listens on one of the addresses.
func taken(ctx context.Context, addresses ...string) (all error) {
	for _, address := range addresses {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			all = errors.Join(all, fmt.Errorf("%w; choose another address, see go run ./deploy/demo -h", err))
			continue
		}
		_ = listener.Close()
	}
	return all
}

// prepare builds the programs, and writes the past and the configuration of the parts.
func (o options) prepare(ctx context.Context, dir string) error {
	rules, err := ruleFiles()
	if err != nil {
		return err
	}
	say("building; the first time that takes some minutes")
	if err := do(ctx, nil, "go", "build", "-o", dir, "."); err != nil {
		return err
	}
	if err := do(ctx, nil, "go", "-C", "alerts/eval", "build", "-o", dir, "./history"); err != nil {
		return err
	}
	if err := o.configure(dir, rules); err != nil {
		return err
	}
	say("writing 35 days of the workspace's past")
	return o.fill(ctx, dir, rules)
}

// fill gives the Prometheus server its past.
func (o options) fill(ctx context.Context, dir string, rules []string) error {
	text, err := os.Create(filepath.Join(dir, "past.txt"))
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(text.Name()) }() // Large, and not needed any more.
	defer text.Close()
	if err := do(ctx, text, filepath.Join(dir, "history"), append([]string{"-instance=" + o.exporter}, rules...)...); err != nil {
		return err
	}
	say("backfilling it")
	return do(ctx, nil, promtool(), "tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=1458h",
		text.Name(), filepath.Join(dir, "data"))
}

// ruleFiles are the delivered rules.
func ruleFiles() (rules []string, err error) {
	files, err := filepath.Glob("alerts/*.yml")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		path, err := filepath.Abs(file)
		if err != nil {
			return nil, err
		}
		if filepath.Base(file) != "alertmanager.yml" {
			rules = append(rules, path)
		}
	}
	if len(rules) == 0 {
		return nil, errors.New("there are no rules in alerts/: run this at the top of the repository")
	}
	return rules, nil
}

// configure writes the configuration of the servers. Alertmanager's is the delivered example.
func (o options) configure(dir string, rules []string) error {
	text := fmt.Sprintf(`global: {scrape_interval: 2s}
rule_files: ["%s"]
alerting: {alertmanagers: [{static_configs: [{targets: [%q]}]}]}
scrape_configs: [{job_name: asana, static_configs: [{targets: [%q]}]}]
`, strings.Join(rules, `", "`), o.alertmanager, o.exporter)
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(text), 0o600); err != nil {
		return err
	}
	example, err := os.ReadFile("alerts/alertmanager.yml")
	if err != nil {
		return err
	}
	example = bytes.ReplaceAll(example, []byte("http://127.0.0.1:9911/"), []byte("http://"+o.pages+"/"))
	return os.WriteFile(filepath.Join(dir, "alertmanager.yml"), example, 0o600)
}

// do runs a program to its end, with its output to a file unless that is nil.
func do(ctx context.Context, out *os.File, program string, args ...string) error {
	var problems bytes.Buffer
	cmd := command(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &problems, &problems
	if out != nil {
		cmd.Stdout = out
	}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, problems.String())
	}
	return nil
}

// live runs a program until ctx ends. If it ends earlier, live returns an error with the end of its log.
func live(ctx context.Context, dir string, args []string) error {
	log, err := os.Create(filepath.Join(dir, filepath.Base(args[0])+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := command(ctx, args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	err = cmd.Run()
	if ctx.Err() != nil {
		return nil
	}
	if err == nil {
		err = errors.New("without an error")
	}
	text, _ := os.ReadFile(log.Name()) // Without it, the error only says less.
	return fmt.Errorf("%s ended by itself (%w):\n%s", args[0], err, text[max(0, len(text)-2000):])
}

// command returns a command that is interrupted when ctx ends. It has a process group of its own: Ctrl-C reaches it through
// ctx only.
func command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// ready waits until a part is ready or ctx ends.
func ready(ctx context.Context, address string) error {
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/-/ready", http.NoBody)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func say(what string) { fmt.Printf("%s %s\n", time.Now().Format(time.TimeOnly), what) }

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
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/collector"
)

// What makes the start impossible ends it soon, with one line that says what to do.
func TestBadStartEndsWithOneLine(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		args func(t *testing.T) []string
		want string // A pattern.
	}{
		{"unknown flag", flags("--asana.token", testToken), `^unknown long flag '--asana.token'; try --help$`},
		{"argument", with("serve"), `^unexpected serve; try --help$`},
		{"flag without its value", with("--state.dir"), `flag '--state.dir' cannot be repeated|expected argument for flag '--state.dir'`},
		{"no number", flags("--events.max-series", "many"), `^--events.max-series=many: .*; try --help$`},
		{"no duration", flags("--asana.timeout", "soon"), `^--asana.timeout=soon: .*; try --help$`},
		{"no unit", flags("--asana.poll-interval", "15"), `^--asana.poll-interval=15: .*; try --help$`},
		{"no interval", flags("--asana.poll-interval", "0s"), `^--asana.poll-interval=0s: must be at least 10ms$`},
		{"interval of a nanosecond", flags("--asana.poll-interval", "1ns"), `^--asana.poll-interval=1ns: must be at least 10ms$`},
		{"interval longer than a position lives", flags("--asana.poll-interval", "48h"), `^--asana.poll-interval=48h0m0s: must be at most 6h0m0s, `},
		{"state folder without a name", flags("--state.dir", ""), `^--state.dir is empty: name a folder`},
		{"no time", with("--asana.timeout=-1s"), `^--asana.timeout=-1s: must be at least 100ms$`},
		{"time without end", flags("--asana.timeout", "999h"), `^--asana.timeout=999h0m0s: must be at most 10m0s$`},
		{"negative zero-first", with("--events.zero-first=-1s"), `^--events.zero-first=-1s: must be at least 0s$`},
		{"endless zero-first", flags("--events.zero-first", "24h"), `^--events.zero-first=24h0m0s: must be at most 1h0m0s$`},
		{"negative limit", with("--events.max-series=-1"), `^--events.max-series=-1: must be from 0 to 100000$`},
		{"limit beyond 32 bits", flags("--events.max-series", "4294967297"), `^--events.max-series=4294967297: must be from 0 to 100000$`},
		{"unknown level", flags("--log.level", "loud"), `^--log.level=loud: .*debug,info,warn,error.*; try --help$`},
		{"unknown format", flags("--log.format", "xml"), `^--log.format=xml: .*logfmt,json.*; try --help$`},
		{"telemetry path without a slash", flags("--web.telemetry-path", "metrics"), `^--web.telemetry-path=metrics: must begin with /$`},
		{"telemetry path of the landing page", flags("--web.telemetry-path", "/"), `^--web.telemetry-path=/: this program has another page there$`},
		{"telemetry path of another page", flags("--web.telemetry-path", "/-/ready"), `^--web.telemetry-path=/-/ready: this program has`},
		{"telemetry path of the profiler", flags("--web.telemetry-path", "/debug/pprof/"), `^--web.telemetry-path=/debug/pprof/: this program has`},
		{"telemetry path with a wildcard", flags("--web.telemetry-path", "/{a"), `^--web.telemetry-path=/\{a: must have no space and none of `},
		{"telemetry path with a query", flags("--web.telemetry-path", "/a?b"), `^--web.telemetry-path=/a\?b: must have no space and none of `},
		{"telemetry path with a space", flags("--web.telemetry-path", "/a b"), `^--web.telemetry-path=/a b: must have no space `},
		{"telemetry path that nobody can ask for", flags("--web.telemetry-path", "/a/../b"), `^--web.telemetry-path=/a/../b: write it as /b$`},
		{"telemetry path with a slash at its end", flags("--web.telemetry-path", "/a/"), `^--web.telemetry-path=/a/: write it as /a$`},

		{"check of the demo", onlyArgs("--demo", "--check"), `^--check asks Asana, and --demo has none to ask: leave one out$`},
		{"no workspace", flags("--asana.workspace", missing), `^--asana.workspace is missing: .*--demo$`},
		{"log of an unknown action", flags("--events.log", "deleted,Deleted"), `^--events.log=deleted,Deleted: no action "Deleted": name some of added, .*, all$`},
		{"log of no action", flags("--events.log", ","), `^--events.log=,: names no action: leave it out, or name some of added, `},
		{"log of events that the level hides", flags("--events.log", "all", "--log.level", "warn"), `^--events.log=all: events are logged at level info, which --log.level=warn leaves out`},
		{"workspace by name", flags("--asana.workspace", "My company"), `^--asana.workspace: "My company": a gid is a decimal number`},
		{"workspace with too many digits", flags("--asana.workspace", strings.Repeat("1", 33)), `^--asana.workspace: "1+": a gid is .* at most 32 digits, `},
		{"workspace that leads elsewhere", flags("--asana.workspace", "../1"), `^--asana.workspace: "../1": a gid is a decimal number`},
		{"workspace that is no UTF-8", flags("--asana.workspace", "\xff"), `^--asana.workspace: "\\xff": a gid is a decimal number`},
		{"workspace of the demo that is no UTF-8", onlyArgs("--demo", "--asana.workspace=\xff"), `^--asana.workspace: "\\xff": a gid is a decimal number`},
		{"folder of tokens beside a workspace", flags("--asana.token-file", missing, "--asana.token-dir", "tokens"), `^--asana.token-dir takes the place of --asana.workspace and --asana.token-file: leave these out, `},
		{"folder of tokens beside a token file", flags("--asana.workspace", missing, "--asana.token-dir", "tokens"), `^--asana.token-dir takes the place of`},
		{"folder of tokens that is not there", flags("--asana.workspace", missing, "--asana.token-file", missing, "--asana.token-dir", "nowhere"), `^folder of tokens: open nowhere: no such file`},
		{"no token file", flags("--asana.token-file", missing), `^--asana.token-file is missing: .*--demo$`},
		{"token file that is not there", flags("--asana.token-file", "nowhere"), `^token file: open nowhere: no such file`},
		{"token file that is a folder", flags("--asana.token-file", os.TempDir()), `^token file \S+: not a regular file; `},
		{"token file that is a pipe", func(t *testing.T) []string {
			path := filepath.Join(t.TempDir(), "pipe")
			must(t, syscall.Mkfifo(path, 0o600))
			return arguments(t, "--asana.token-file", path)
		}, `^token file \S+: not a regular file; a pipe can be read once`},
		{"empty token file", func(t *testing.T) []string {
			return arguments(t, "--asana.token-file", file(t, "\n"))
		}, `^token file \S+: empty; write the service account's token into it$`},
		{"token file with more than the token", func(t *testing.T) []string {
			return arguments(t, "--asana.token-file", file(t, "Bearer "+testToken))
		}, `^token file \S+: must hold the token alone`},
		{"plain http", flags("--asana.url", "http://app.asana.com/api/1.0"), `^--asana.url: "http://app.asana.com/api/1.0": .*use https$`},
		{"URL with a password", flags("--asana.url", "https://me:"+testToken+"@example.com"), `^--asana.url: must have no user`},
		{"no URL", flags("--asana.url", "app.asana.com"), `^--asana.url: "app.asana.com": must be an https URL`},

		{"state folder that is a file", func(t *testing.T) []string {
			return arguments(t, "--state.dir", file(t, ""))
		}, `^state folder: .*: not a directory; something else lies there: move it away, or name another folder with --state.dir$`},
		{"state folder below a file", func(t *testing.T) []string {
			return arguments(t, "--state.dir", filepath.Join(file(t, ""), "state"))
		}, `^state folder: .*: not a directory; something else lies there: move it away, or name another folder with --state.dir$`},
		{"state folder in use", func(t *testing.T) []string {
			dir := t.TempDir()
			store, err := collector.OpenStore(dir, testWorkspace)
			must(t, err)
			t.Cleanup(func() { store.Close() })
			return arguments(t, "--state.dir", dir)
		}, `^state folder \S+: in use by another process; stop that one or name another folder with --state.dir$`},

		{"port in use", func(t *testing.T) []string {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			must(t, err)
			t.Cleanup(func() { listener.Close() })
			return arguments(t, "--web.listen-address", listener.Addr().String())
		}, `^web server: listen tcp 127.0.0.1:\d+: bind: address already in use; name another address with --web.listen-address$`},
		{"address without a port", flags("--web.listen-address", "localhost"), `^web server: .*missing port in address; name .*--web.listen-address$`},
		{"port that is none", flags("--web.listen-address", ":99999"), `^web server: .*invalid port; name .*--web.listen-address$`},
		{"no systemd socket", with("--web.systemd-socket"), `^web server: no socket activation file descriptors found; `},
		{"web config that is not there", flags("--web.config.file", "nowhere"), `^--web.config.file: open nowhere: no such file`},
		{"web config with a bad key", func(t *testing.T) []string {
			return arguments(t, "--web.config.file", file(t, "tls_server: {}\n"))
		}, `^--web.config.file: .*tls_server`},
		{"web config without its certificate", func(t *testing.T) []string {
			return arguments(t, "--web.config.file", file(t, "tls_server_config: {cert_file: nowhere, key_file: nowhere}\n"))
		}, `^--web.config.file: .*nowhere`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			wantBadStart(t, row.want, row.args(t)...)
		})
	}
}

// wantBadStart runs the program and compares how it ends.
func wantBadStart(t *testing.T, pattern string, args ...string) {
	t.Helper()
	began := time.Now()
	p := spawn(t, "", args...)
	if code := p.exit(t); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if took := time.Since(began); took > soon { // On a quiet machine, far less than one.
		t.Errorf("took %s", took)
	}
	if out := p.stdout.String(); out != "" {
		t.Errorf("on stdout: %s", out)
	}
	lines := strings.Split(strings.TrimSuffix(p.stderr.String(), "\n"), "\n")
	last := len(lines) - 1
	message, isError := strings.CutPrefix(lines[last], "asana_exporter: error: ")
	if !isError || !regexp.MustCompile(pattern).MatchString(message) {
		t.Errorf("the last line is %q, want one that fits %s", lines[last], pattern)
	}
	// That systemd passes no socket is found out last.
	if last > 0 && !slices.Contains(args, "--web.systemd-socket") {
		t.Errorf("more than a line:\n%s", &p.stderr)
	}
	if strings.Contains(p.stderr.String(), testToken) {
		t.Error("the token is in what it wrote")
	}
}

// flags returns arguments with changes.
func flags(changes ...string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		t.Helper()
		return arguments(t, changes...)
	}
}

// with returns arguments with another one at the end.
func with(arg string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		t.Helper()
		return append(arguments(t), arg)
	}
}

// onlyArgs returns these arguments alone.
func onlyArgs(args ...string) func(*testing.T) []string {
	return func(*testing.T) []string { return args }
}

// The names and the defaults of flags are an interface: scripts depend on them.
func TestHelpVersionAndManualPage(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string][]string{
		"--help": {
			"usage: asana_exporter [<flags>]",
			"--asana.workspace=", "($ASANA_WORKSPACE)", "--asana.token-file=", "($ASANA_TOKEN_FILE)", "--asana.token-dir=", "($ASANA_TOKEN_DIR)",
			`--asana.url="https://app.asana.com/api/1.0"`, "--asana.poll-interval=15s", "--asana.timeout=30s",
			`--state.dir="data"`, "--events.zero-first=90s", "--events.max-series=5000",
			"--web.listen-address=:10176", `--web.config.file=""`, "web.systemd-socket", `--web.telemetry-path="/metrics"`,
			"web.disable-exporter-metrics", "web.enable-pprof", "--log.level=info", "--log.format=logfmt", "check", "demo", "healthcheck", "version",
		},
		"-h":         {"--asana.token-file"},
		"--version":  {"asana_exporter, version " + strings.TrimSpace(release) + "-dev "},
		"-V":         {"asana_exporter, version "},
		"--help-man": {`.TH asana_exporter 1 "" .SH "NAME" `},
	} {
		p := spawn(t, "", flag, "--state.dir", filepath.Join(t.TempDir(), "none"))
		if code := p.exit(t); code != 0 || p.stderr.String() != "" {
			t.Errorf("%s: exit code %d, and on stderr: %s", flag, code, &p.stderr)
		}
		printed := strings.Join(strings.Fields(p.stdout.String()), " ")
		for _, part := range want {
			if !strings.Contains(printed, part) {
				t.Errorf("%s does not print %s, but:\n%s", flag, part, &p.stdout)
			}
		}
	}
}

// Only what was built of the tag may say that it is the release.
func TestVersionComesFromTheBuild(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ embedded, archive, want string }{
		{"v1.2.3", "", "1.2.3"},
		{"v0.0.0-20261128155816-8960ca960e81+dirty", "", "0.0.0-20261128155816-8960ca960e81+dirty"},
		{"(devel)", "v1.2.3\n", "1.2.3"},
		{"", "v1.2.3\n", "1.2.3"},
		{"(devel)", "v1.2.3-4-g8960ca9\n", "1.2.3-dev"},
		{"(devel)", "v1.2.2\n", "1.2.3-dev"},
		{"(devel)", "\n", "1.2.3-dev"},
		{"(devel)", archive, "1.2.3-dev"},
	} {
		info := &debug.BuildInfo{Main: debug.Module{Version: row.embedded}}
		if got := moduleVersion(info, "1.2.3\n", row.archive); got != row.want {
			t.Errorf("%q and %q give %q, want %q", row.embedded, row.archive, got, row.want)
		}
	}
	if got := moduleVersion(nil, "1.2.3", ""); got != "1.2.3-dev" {
		t.Errorf("without build information: %q", got)
	}
	if !regexp.MustCompile(`^\d+\.\d+\.\d+\n$`).MatchString(release) {
		t.Errorf("VERSION is %q", release)
	}
}

// The demo ignores what is about a real workspace, and says so: simulated events must not appear under its gid.
func TestWorkspaceAndTokenFileComeFromTheEnvironmentButNotForTheDemo(t *testing.T) {
	t.Parallel()
	environment := []string{"ASANA_WORKSPACE=12", "ASANA_TOKEN_FILE=" + file(t, testToken)}
	ignored := []string{"ASANA_WORKSPACE", "--asana.token-file", "--asana.url"}
	for _, row := range []struct {
		workspace string
		args      []string
		warnings  []string
		zeroFirst float64
	}{
		{"12", arguments(t, "--asana.workspace", missing, "--asana.token-file", missing), nil, 90},
		{testWorkspace, []string{"--demo", "--web.listen-address", "127.0.0.1:0", "--asana.url", "http://127.0.0.1:1"}, ignored, 5},
	} {
		p := spawnIn(t, "", environment, row.args...)
		got := samples(t, p.address(t))
		if got[`asana_exporter_event_series_limit{workspace="`+row.workspace+`"}`] != 5000 {
			t.Errorf("%q follows another workspace: %v", row.args, got)
		}
		if zeroFirst := got["asana_exporter_zero_first_seconds"]; zeroFirst != row.zeroFirst {
			t.Errorf("%q exposes %v s as --events.zero-first, want %v", row.args, zeroFirst, row.zeroFirst)
		}
		wantStop(t, p, syscall.SIGTERM)
		var warnings []string
		for _, match := range regexp.MustCompile(`ignores a setting: .* setting=(\S+)`).FindAllStringSubmatch(p.stderr.String(), -1) {
			warnings = append(warnings, match[1])
		}
		if !slices.Equal(warnings, row.warnings) {
			t.Errorf("%q warns of %q, want %q", row.args, warnings, row.warnings)
		}
	}
}

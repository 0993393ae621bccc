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

package check

import (
	"bufio"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

const secret = "secret-of-the-service-account"

// The exporter runs with the flags, environment, token and volume of the chart: it accepts each flag, reads the token, trusts the
// private CA, polls the workspace, keeps its state on the volume, and answers probe and scrape.
func TestExporterRunsAsThePodDoes(t *testing.T) {
	binary := build(t)
	eachRelease(t, func(t *testing.T, r release) {
		asked := make(chan string, 100)
		asana := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			select {
			case asked <- request.URL.Path + " " + request.Header.Get("Authorization"):
			default:
			}
			http.Error(w, "come back later", http.StatusServiceUnavailable)
		}))
		if r.trusted() == "" {
			asana.Start()
		} else {
			asana.StartTLS()
		}
		defer asana.Close()

		folders := mountFolders(t, r, asana.Certificate())
		address := run(t, binary, r, folders, "--asana.url="+asana.URL, "--web.listen-address=127.0.0.1:0")
		if got, want := <-asked, "/workspaces/1200000000000001"; !strings.HasPrefix(got, want) || !strings.HasSuffix(got, " Bearer "+secret) {
			t.Errorf("asked for %q, want %s with the token", got, want)
		}
		get(t, "http://"+address+r.container().LivenessProbe.HTTPGet.Path)
		if page := get(t, "http://"+address+"/metrics"); !strings.Contains(page, "\n"+`asana_workspace_up{workspace="1200000000000001"} 0`+"\n") {
			t.Errorf("the scrape gives\n%s", page)
		}
		if files, err := filepath.Glob(filepath.Join(folders["/data"], "*")); err != nil || len(files) == 0 {
			t.Errorf("nothing is on the volume: %v", err)
		}
	})
}

// The README shows how to try the chart without a token.
func TestDemoRunsInThePod(t *testing.T) {
	r := newRelease(t, values(t, "default-values.yaml", `{workspace: "1", extraArgs: [--demo]}`))
	address := run(t, build(t), r, mountFolders(t, r, nil), "--web.listen-address=127.0.0.1:0")
	want := "\n" + `asana_workspace_info{name="Example Company (simulated)",workspace="1"} 1` + "\n"
	tick, deadline := time.Tick(100*time.Millisecond), time.After(time.Minute)
	for !strings.Contains(get(t, "http://"+address+"/metrics"), want) {
		select {
		case <-tick:
		case <-deadline:
			t.Fatalf("the scrape never gives%s", want)
		}
	}
}

// The chart sets no address and relies on the default.
func TestPortIsTheExportersDefault(t *testing.T) {
	help, err := exec.CommandContext(t.Context(), build(t), "--help").Output()
	if want := "--web.listen-address=:10176"; err != nil || !strings.Contains(string(help), want) {
		t.Errorf("--help does not say %s: %v", want, err)
	}
}

func build(t *testing.T) (binary string) {
	t.Helper()
	binary = filepath.Join(t.TempDir(), "asana_exporter")
	command := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".")
	command.Dir = "../../.."
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return binary
}

// trusted returns the file with a private CA, if there is one.
func (r release) trusted() string {
	for _, variable := range r.container().Env {
		if variable.Name == "SSL_CERT_FILE" {
			return variable.Value
		}
	}
	return ""
}

// mountFolders makes a folder in the place of each that the pod mounts, with the token under the name that the chart gives it, and
// the certificate of a private CA.
func mountFolders(t *testing.T, r release, ca *x509.Certificate) map[string]string {
	t.Helper()
	folders := map[string]string{}
	for _, mount := range r.container().VolumeMounts {
		folders[mount.MountPath] = t.TempDir()
	}
	mountSecret(t, folders["/secrets"], r)
	if ca != nil {
		block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})
		must(t, os.WriteFile(inFolders(r.trusted(), folders), block, 0o600))
	}
	return folders
}

// mountSecret puts a token into a folder as a kubelet does: links to files of a hidden folder, which is a link, too.
func mountSecret(t *testing.T, folder string, r release) {
	t.Helper()
	name := "1200000000000001"
	if !r.several() {
		name = r.pod().Volumes[0].Secret.Items[0].Path
	}
	must(t, os.Mkdir(filepath.Join(folder, "..2026_01_31"), 0o700))
	must(t, os.WriteFile(filepath.Join(folder, "..2026_01_31", name), []byte(secret), 0o600))
	must(t, os.Symlink("..2026_01_31", filepath.Join(folder, "..data")))
	must(t, os.Symlink("..data/"+name, filepath.Join(folder, name)))
}

// inFolders replaces mounted folders by those of this machine.
func inFolders(text string, folders map[string]string) string {
	for mounted, folder := range folders {
		text = regexp.MustCompile("(^|=)"+mounted+"(/|$)").ReplaceAllString(text, "${1}"+folder+"${2}")
	}
	return text
}

// run starts the exporter as the container is, with further flags, waits until it listens, and has it stop in time when the test ends.
func run(t *testing.T, binary string, r release, folders map[string]string, further ...string) (address string) {
	t.Helper()
	var args []string
	for _, arg := range r.container().Args {
		args = append(args, inFolders(arg, folders))
	}
	command := exec.CommandContext(t.Context(), binary, append(args, further...)...)
	command.Env = os.Environ()
	for _, variable := range r.container().Env {
		if variable.ValueFrom == nil {
			command.Env = append(command.Env, variable.Name+"="+inFolders(variable.Value, folders))
		}
	}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = time.Duration(*r.pod().TerminationGracePeriodSeconds) * time.Second
	log, err := command.StderrPipe()
	must(t, err)
	must(t, command.Start())
	t.Cleanup(func() {
		if err := command.Wait(); err != nil && command.ProcessState.ExitCode() != 0 {
			t.Errorf("it did not stop well: %v", err)
		}
	})
	var said strings.Builder
	for lines := bufio.NewScanner(log); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if match := regexp.MustCompile(`address\W+([0-9.]+:[0-9]+)`).FindStringSubmatch(lines.Text()); match != nil {
			go func() { _, _ = io.Copy(io.Discard, log) }()
			return match[1]
		}
	}
	t.Fatalf("%q ended with\n%s", args, said.String())
	return ""
}

func get(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, response.Status, err)
	}
	return string(body)
}

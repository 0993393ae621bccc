package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

var (
	kills = flag.Int("kills", 30, "how often the kill test kills")
	seed  = flag.Uint64("seed", uint64(time.Now().UnixNano()), "decides when the kill test kills")
)

// beTheProgram in the environment makes the test binary be the exporter, so that tests can kill it.
const beTheProgram = "ASANA_EXPORTER_TEST_BE_THE_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(beTheProgram) != "" {
		main()
		return
	}
	if err := flag.Set("test.parallel", "4"); err != nil { // Most tests here wait for something; flags given win.
		panic(err)
	}
	os.Exit(m.Run())
}

// listening finds the address in the log, in both of its formats.
var listening = regexp.MustCompile(`\baddress"?[:=]"?(127\.0\.0\.1:\d+)["\s]`)

const (
	testWorkspace = "1200000000000001"
	testToken     = "2/1200000000000002/1200000000000003:0123456789abcdef0123456789abcdef"
	missing       = "(missing)" // As the value of a flag.
)

// patience is how long tests wait for what has to come: far longer than it takes.
const patience = 2 * time.Minute

// A process is the exporter as people run it.
type process struct {
	*exec.Cmd
	stdout logbook
	stderr logbook
	ended  chan struct{} // Closed when it has ended.
}

// spawn starts program, the test binary if that is empty, and kills it at the end of the test.
func spawn(t *testing.T, program string, args ...string) *process {
	t.Helper()
	return spawnIn(t, program, nil, args...)
}

// spawnIn is spawn with further variables in the environment.
func spawnIn(t *testing.T, program string, environment []string, args ...string) *process {
	t.Helper()
	if program == "" {
		program = os.Args[0]
	}
	p := &process{Cmd: exec.Command(program, args...), ended: make(chan struct{})}
	p.Env = append(os.Environ(), beTheProgram+"=1", "ASANA_WORKSPACE=", "ASANA_TOKEN_FILE=", "GORACE=atexit_sleep_ms=0")
	p.Env = append(p.Env, environment...)
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.Wait() // What it ended with is in ProcessState.
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.ended
		if crash := regexp.MustCompile(`(?m)^(panic: |fatal error: |WARNING: DATA RACE)`); crash.MatchString(p.stderr.String()) {
			t.Errorf("it crashed:\n%s", p.stderr.String())
		}
	})
	return p
}

// exit waits for the end of the process and returns its exit code, -1 after a signal.
func (p *process) exit(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("it does not end; it wrote:\n%s", p.stderr.String())
		return 0
	}
}

// signal sends a signal; a process that has ended takes it in silence.
func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
}

// address waits until the process listens and returns where.
func (p *process) address(t *testing.T) string {
	t.Helper()
	return p.stderr.address(t)
}

// within runs the program inside the test's process and returns its address and what ends it.
func within(t *testing.T, args ...string) (address string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	log := &logbook{}
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, args, nil, log, log) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("run: %v; it wrote:\n%s", err, log)
		}
	})
	return log.address(t), stop
}

// A logbook keeps what a program writes. Its zero value is ready, and it is safe for concurrent use.
type logbook struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{} // Closed by the next write.
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.written != nil {
		close(l.written)
		l.written = nil
	}
	return l.text.Write(p)
}

func (l *logbook) String() string {
	text, _ := l.from(0)
	return text
}

// len returns how much was written so far, for awaitFrom.
func (l *logbook) len() int { return len(l.String()) }

// from returns what was written after so many bytes, and what is closed when there is more.
func (l *logbook) from(offset int) (string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.written == nil {
		l.written = make(chan struct{})
	}
	return string(l.text.Bytes()[offset:]), l.written
}

// await waits until something is written that fits the pattern and returns its submatches.
func (l *logbook) await(t *testing.T, pattern string) []string {
	t.Helper()
	return l.awaitFrom(t, 0, pattern)
}

// awaitFrom is await without what was written in the first bytes.
func (l *logbook) awaitFrom(t *testing.T, offset int, pattern string) []string {
	t.Helper()
	compiled := regexp.MustCompile(pattern)
	deadline := time.After(patience)
	for {
		text, more := l.from(offset)
		if match := compiled.FindStringSubmatch(text); match != nil {
			return match
		}
		select {
		case <-more:
		case <-deadline:
			t.Fatalf("nothing that fits %s in what was written:\n%s", pattern, text)
		}
	}
}

func (l *logbook) address(t *testing.T) string {
	t.Helper()
	return l.await(t, listening.String())[1]
}

// eventually waits until condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in %s: %s", patience, what)
		}
	}
}

// fetch gets a page.
func fetch(t *testing.T, url, accept string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// status returns the status of a page.
func statusOf(t *testing.T, url string) int {
	t.Helper()
	resp, _ := fetch(t, url, "")
	return resp.StatusCode
}

// samples returns what /metrics at address shows in the text format: values by series.
func samples(t *testing.T, address string) map[string]float64 {
	t.Helper()
	_, body := fetch(t, "http://"+address+"/metrics", "")
	values := map[string]float64{}
	for line := range strings.Lines(body) {
		if end := strings.LastIndexByte(line, ' '); !strings.HasPrefix(line, "#") && end > 0 {
			value, err := strconv.ParseFloat(strings.TrimSpace(line[end:]), 64)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			values[line[:end]] = value
		}
	}
	return values
}

// total adds up the series of a counter.
func total(values map[string]float64, name string) (sum float64) {
	for series, value := range values {
		if strings.HasPrefix(series, name+"{") {
			sum += value
		}
	}
	return sum
}

const protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

// scrape reads a page of metrics as Prometheus does, in the format that has created timestamps.
func scrape(ctx context.Context, url string) ([]*dto.MetricFamily, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", protobuf)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("scrape: %s", resp.Status)
	}
	var families []*dto.MetricFamily
	for decoder := expfmt.NewDecoder(resp.Body, expfmt.ResponseFormat(resp.Header)); ; {
		family := &dto.MetricFamily{}
		switch err := decoder.Decode(family); {
		case errors.Is(err, io.EOF):
			return families, nil
		case err != nil:
			return nil, err
		}
		families = append(families, family)
	}
}

// names returns the names of the families.
func names(families []*dto.MetricFamily) map[string]bool {
	found := map[string]bool{}
	for _, family := range families {
		found[family.GetName()] = true
	}
	return found
}

// arguments returns flags with which the program runs, for nobody at the other end. Pairs of a name and a value change
// them; a flag whose value is missing is left out.
func arguments(t *testing.T, changes ...string) []string {
	t.Helper()
	flags := []string{
		"--asana.workspace", testWorkspace, "--asana.token-file", tokenFile(t, testToken), "--asana.url", "http://127.0.0.1:1",
		"--state.dir", t.TempDir(), "--web.listen-address", "127.0.0.1:0",
	}
	for change := range slices.Chunk(changes, 2) {
		i := slices.Index(flags, change[0])
		if i >= 0 {
			flags = slices.Delete(flags, i, i+2)
		}
		if change[1] != missing {
			flags = append(flags, change...)
		}
	}
	return flags
}

// tokenFile returns the name of a file that holds token.
func tokenFile(t *testing.T, token string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wholeState returns the state file in dir as it is.
func wholeState(t *testing.T, dir string) string {
	t.Helper()
	content, err := os.ReadFile(statePath(dir))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

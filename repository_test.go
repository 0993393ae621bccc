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
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v2"
)

// The path in go.mod is the repository's address; every other mention of it, in docs, rules, dashboards, chart and packages,
// must be the same.
func TestAddressIsThatOfTheModule(t *testing.T) {
	t.Parallel()
	module := regexp.MustCompile(`(?m)^module (.*)$`).FindStringSubmatch(readText(t, "go.mod"))[1]
	owner := filepath.Dir(module)
	address := regexp.MustCompile(`(?i)(github\.com|ghcr\.io)/([\w.-]+/[\w-]+)`)
	ours := regexp.MustCompile(`(?i)asana[-_]?exporter`)
	found := 0
	for _, path := range sources(t, ".go", ".mod", ".md", ".yml", ".yaml", ".json", ".libsonnet", ".hcl", ".tpl", ".txt", ".service") {
		for _, match := range address.FindAllStringSubmatch(readText(t, path), -1) {
			host, repository := match[1], match[2]
			if !ours.MatchString(repository) {
				continue
			}
			found++
			chart := host == "ghcr.io" && "github.com/"+repository == owner+"/charts"
			if !chart && "github.com/"+repository != module {
				t.Errorf("%s names %s, and the module is %s", path, match[0], module)
			}
		}
	}
	if found < 50 {
		t.Errorf("found only %d mentions", found)
	}
}

// A tag of an action can be moved to other code, a commit can't.
func TestActionsArePinned(t *testing.T) {
	t.Parallel()
	pinned := regexp.MustCompile(`^([\w.-]+/)+[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$|^\./\.github/workflows/[\w.-]+$`)
	found := 0
	for _, path := range sources(t, ".yml", ".yaml") {
		if !strings.HasPrefix(path, ".github/") {
			continue
		}
		for _, match := range regexp.MustCompile(`(?m)^\s*(?:- )?uses: *(.*)$`).FindAllStringSubmatch(readText(t, path), -1) {
			if found++; !pinned.MatchString(match[1]) {
				t.Errorf("%s uses %q, which is not a commit with its version behind it", path, match[1])
			}
		}
	}
	if found < 10 {
		t.Errorf("found only %d actions", found)
	}
}

func TestGitHubRunsEveryStep(t *testing.T) {
	t.Parallel()
	all := regexp.MustCompile(`(?m)^steps=\((.*)\)$`).FindStringSubmatch(readText(t, ".ci/run"))[1]
	var workflow struct {
		Jobs map[string]struct {
			Strategy struct {
				Matrix struct{ Steps []string }
			}
		}
	}
	must(t, yaml.Unmarshal([]byte(readText(t, ".github/workflows/ci.yml")), &workflow))
	var runs []string
	for _, job := range workflow.Jobs {
		for _, steps := range job.Strategy.Matrix.Steps {
			runs = append(runs, strings.Fields(steps)...)
		}
	}
	want := strings.Fields(all)
	slices.Sort(want)
	slices.Sort(runs)
	if !slices.Equal(runs, want) {
		t.Errorf("ci.yml runs the steps %q, and .ci/run has %q", runs, want)
	}
}

func TestDependabotWatchesEveryModule(t *testing.T) {
	t.Parallel()
	var config struct {
		Updates []struct {
			Ecosystem   string `yaml:"package-ecosystem"`
			Directory   string
			Directories []string
		}
	}
	must(t, yaml.Unmarshal([]byte(readText(t, ".github/dependabot.yml")), &config))
	watched := map[string][]string{}
	for _, update := range config.Updates {
		watched[update.Ecosystem] = append(append(watched[update.Ecosystem], update.Directories...), update.Directory)
	}
	for _, path := range sources(t, "go.mod", "package.json", "Dockerfile", "compose.yaml") {
		name, content := filepath.Base(path), readText(t, path)
		ecosystem := map[string]string{"go.mod": "gomod", "package.json": "npm", "Dockerfile": "docker", "compose.yaml": "docker-compose"}[name]
		if name == "go.mod" && !strings.Contains(content, "require") {
			continue
		}
		if folder := filepath.Join("/", filepath.Dir(path)); !slices.Contains(watched[ecosystem], folder) {
			t.Errorf("dependabot.yml does not watch %s for %s", folder, ecosystem)
		}
	}
}

// Unless it is quoted, YAML splits a flag at its commas.
func TestComposeGivesFlagsThatTheProgramTakes(t *testing.T) {
	t.Setenv("ASANA_WORKSPACE", "1200000000000001") // As asana.yaml does.
	for _, path := range []string{"deploy/compose/compose.yaml", "deploy/compose/asana.yaml"} {
		var file struct {
			Services struct{ Exporter struct{ Command []string } }
		}
		must(t, yaml.Unmarshal([]byte(readText(t, path)), &file))
		args := file.Services.Exporter.Command
		if _, _, err := parseFlags(args, t.Output()); err != nil || len(args) == 0 {
			t.Errorf("%s: %q: %v", path, args, err)
		}
	}
}

// Who wants to see a test that a page names can find it.
func TestPagesNameTestsThatExist(t *testing.T) {
	t.Parallel()
	var code strings.Builder
	for _, path := range sources(t, "_test.go") {
		code.WriteString(readText(t, path))
	}
	found := 0
	for _, path := range []string{"SECURITY.md", "CONTRIBUTING.md", "README.md", "docs/compatibility.md"} {
		for _, name := range regexp.MustCompile(`\b(Test|Fuzz)[A-Z]\w+`).FindAllString(readText(t, path), -1) {
			if found++; !strings.Contains(code.String(), "func "+name+"(") {
				t.Errorf("%s names %s, and there is no such test", path, name)
			}
		}
	}
	if found < 10 {
		t.Errorf("found only %d names", found)
	}
}

// A link within the repository leads to a file, and to a heading of it if it names one.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^):\s#]*)(#[^)\s]*)?\)`)
	found := 0
	for _, page := range sources(t, ".md") {
		for _, match := range link.FindAllStringSubmatch(readText(t, page), -1) {
			found++
			path := page
			if match[1] != "" {
				path = filepath.Join(filepath.Dir(page), match[1])
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s: %v", page, err)
			} else if anchor := strings.TrimPrefix(match[2], "#"); anchor != "" && !slices.Contains(anchors(readText(t, path)), anchor) {
				t.Errorf("%s: %s has no heading %s", page, path, anchor)
			}
		}
	}
	if found < 50 {
		t.Errorf("found only %d links", found)
	}
}

// anchors returns those that GitHub gives to the headings of a page.
func anchors(page string) (anchors []string) {
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(page, -1) {
		text := regexp.MustCompile(`[^\w -]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		anchors = append(anchors, strings.ReplaceAll(text, " ", "-"))
	}
	return anchors
}

// sources returns the paths of the repository's files with one of these endings.
func sources(t *testing.T, endings ...string) (paths []string) {
	t.Helper()
	must(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", "node_modules", "dist", "generated", "data"}, name):
			return fs.SkipDir
		case entry.Type().IsRegular() && slices.ContainsFunc(endings, func(end string) bool { return strings.HasSuffix(name, end) }):
			paths = append(paths, path)
		}
		return nil
	}))
	return paths
}

func readText(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	return string(content)
}

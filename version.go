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
	_ "embed"
	"runtime/debug"
	"strings"
)

// The release that this source is, or will become. Everything that shows a version takes it from this file.
//
//go:embed VERSION
var release string

// The tag of the commit, where `git archive` packed this source, as GitHub's archives of source are. In a checkout it is still a
// format.
//
//go:embed archive.txt
var archive string

// moduleVersion returns the version of a build without -ldflags. `go install` and `go build` in a git checkout embed one. Go has none
// for an unpacked archive, nor for `go run`: only the archive of a tag is the release then.
func moduleVersion(info *debug.BuildInfo, release, archive string) string {
	release, archive = strings.TrimSpace(release), strings.TrimSpace(archive)
	switch {
	case info != nil && info.Main.Version != "" && info.Main.Version != "(devel)":
		return strings.TrimPrefix(info.Main.Version, "v")
	case archive == "v"+release:
		return release
	}
	return release + "-dev"
}

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

// Package e2e tests the exporter as people run it: the built program, with a real Prometheus server, under strace, on
// full and broken disks; the simulator with Asana's own client for Node; the alert rules with promtool and amtool; the demo
// stack and a real Alertmanager, up to the page; and how often an incident notifies.
//
//	go test -tags e2e ./e2e/...
//
// The tests need prometheus and promtool, alertmanager and amtool, strace, mkfs.ext4 and mkfs.xfs, Node and npm; a missing
// program is a failure that says what to install. The tests that break disks need root. They come on top of the packages' own
// tests, which need none of this.
//
// The power fails ten times on ext4 and ten times on XFS; -power-cuts changes that:
//
//	go test -tags e2e -run PowerFailure -v ./e2e/ -power-cuts 60
//
// PROMETHEUS names a server other than that on the PATH, with flags if needed:
//
//	PROMETHEUS='prometheus-3.16 --enable-feature=st-storage,use-start-timestamps' go test -tags e2e -run Prometheus ./e2e/
//
// PROMTOOL and ALERTMANAGER do the same for those programs.
package e2e

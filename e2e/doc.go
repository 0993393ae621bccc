// Package e2e tests the exporter as people run it: the built program, with a real Prometheus server, under strace, on
// full and broken disks; the simulator with Asana's own client for Node; the alert rules with promtool and amtool; and the
// demo stack and a real Alertmanager, up to the page.
//
//	go test -tags e2e ./e2e/...
//
// The tests need prometheus and promtool, alertmanager and amtool, strace, mkfs.ext4 and mkfs.xfs, Node and npm; a missing
// program is a failure that says what to install. Those that break disks need to be root. They hold nothing that the ordinary
// tests of the packages need.
//
// On ext4 and on xfs the power fails ten times each; -power-cuts changes that:
//
//	go test -tags e2e -run PowerFailure -v ./e2e/ -power-cuts 60
//
// PROMETHEUS names another server than the one on the PATH, with its flags if need be:
//
//	PROMETHEUS='prometheus-3.16 --enable-feature=st-storage,use-start-timestamps' go test -tags e2e -run Prometheus ./e2e/
//
// PROMTOOL and ALERTMANAGER likewise name others of these.
package e2e

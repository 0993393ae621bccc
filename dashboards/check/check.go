// Package check compares the dashboards with what Grafana's own people made: the types of their schema, and their linter. It is a
// module of its own, since both bring along what the exporter does not need.
//
// dashboard-linter needs two replacements to be built outside of Grafana's workspace: see go.mod and the folder stub.
package check

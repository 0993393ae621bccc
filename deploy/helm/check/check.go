// Package check holds the Helm chart against what will judge it: Helm's own engine, schema and linter, the types of Kubernetes and
// of Prometheus Operator, the Pod Security Standards, and the exporter. It is a module of its own, since all these bring along
// what the exporter does not need. No helm and no cluster is needed.
package check

// Package check tests the Helm chart with Helm's engine, schema and linter, the types of Kubernetes and Prometheus Operator,
// the Pod Security Standards, and the exporter. It is a module of its own because the exporter needs none of these
// dependencies. It runs without a helm binary and without a cluster.
package check

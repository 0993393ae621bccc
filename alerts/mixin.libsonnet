// The rules and the dashboards as a mixin, for those who deploy theirs with jsonnet (https://monitoring.mixins.dev):
//
//   jb install github.com/asana-exporter/asana_exporter   # All of it: the dashboards are in a folder of their own.
//   (import 'github.com/asana-exporter/asana_exporter/alerts/mixin.libsonnet').prometheusAlerts
//
// It has no _config: severities, the address of the runbook and the selector are flags of what writes the rules (go run ./alerts -h).
local groups = std.flatMap(function(file) std.parseYaml(file).groups, [
  importstr 'deletions.yml',
  importstr 'exporter.yml',
  importstr 'recording.yml',
]);
local alerting(group) = std.objectHas(group.rules[0], 'alert');  // No group has both kinds of rules.
{
  prometheusAlerts+:: { groups+: [group for group in groups if alerting(group)] },
  prometheusRules+:: { groups+: [group for group in groups if !alerting(group)] },
  grafanaDashboards+:: {
    'asana-activity.json': import '../dashboards/asana-activity.json',
    'asana-deletions.json': import '../dashboards/asana-deletions.json',
    'asana-exporter.json': import '../dashboards/asana-exporter.json',
  },
}

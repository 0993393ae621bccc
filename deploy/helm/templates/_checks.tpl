{{/* What a schema can't say in one clear line. Passes `helm lint` without values, since that goes on after a failure. */}}
{{- define "asana-exporter.check" -}}
{{- $several := .Values.workspacesSecret.name -}}
{{- if and $several (or .Values.workspace .Values.tokenSecret.name) -}}
{{- fail "set either workspace and tokenSecret.name, for one workspace, or workspacesSecret.name, for several; not both" -}}
{{- else if $several -}}
{{- else if not (or .Values.workspace .Values.tokenSecret.name) -}}
{{- fail "set workspace and tokenSecret.name, for one workspace, or workspacesSecret.name, for several" -}}
{{- else if not .Values.workspace -}}
{{- fail "workspace is missing: the gid of the workspace, with --set-string workspace=1200000000000001" -}}
{{- else if not .Values.tokenSecret.name -}}
{{- fail "tokenSecret.name is missing: the Secret that holds the token of the service account" -}}
{{- end -}}
{{- range .Values.extraArgs -}}
{{- if and (regexMatch `^--(asana\.(workspace|token-)|state\.dir|web\.(config\.file|listen-address|systemd-socket|telemetry-path))` .) (not (regexMatch `^--web\.listen-address=(0\.0\.0\.0|\[::\])?:10176$` .)) -}}
{{- fail (printf "extraArgs: leave out %s: the chart sets it, or its probe, Service and ServiceMonitor rely on the default" .) -}}
{{- end -}}
{{- end -}}
{{- with .Values.serviceMonitor -}}
{{- if and .scrapeTimeout (gt (include "asana-exporter.seconds" .scrapeTimeout | int) (include "asana-exporter.seconds" .interval | int)) -}}
{{- fail (printf "serviceMonitor.scrapeTimeout is %s, longer than the interval of %s: Prometheus Operator would leave the exporter out" .scrapeTimeout .interval) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The schema has seconds, and one minute. */}}
{{- define "asana-exporter.seconds" -}}
{{- . | replace "1m" "60s" | trimSuffix "s" -}}
{{- end -}}

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
{{- end -}}

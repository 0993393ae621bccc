{{- define "asana-exporter.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The release's name, with the chart's where that does not hold it. Kubernetes adds up to 11 characters and takes 63, and no dot. */}}
{{- define "asana-exporter.fullname" -}}
{{- $name := include "asana-exporter.name" . -}}
{{- $release := .Release.Name | replace "." "-" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains $name $release -}}
{{- $release | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" $release $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "asana-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "asana-exporter.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{/* These can't change once the StatefulSet is there. */}}
{{- define "asana-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "asana-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* Ours win over commonLabels: selectors rely on them. */}}
{{- define "asana-exporter.labels" -}}
{{- $own := dict
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/managed-by" .Release.Service
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") -}}
{{- mergeOverwrite (dict) .Values.commonLabels $own (include "asana-exporter.selectorLabels" . | fromYaml) | toYaml -}}
{{- end -}}

{{- define "asana-exporter.podLabels" -}}
{{- mergeOverwrite (dict) .Values.commonLabels .Values.podLabels (include "asana-exporter.selectorLabels" . | fromYaml) | toYaml -}}
{{- end -}}

{{- define "asana-exporter.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "asana-exporter.podSecurityContext" -}}
{{- $context := .Values.podSecurityContext | default dict -}}
{{- ternary (omit $context "runAsUser" "runAsGroup" "fsGroup") $context .Values.openshift | toYaml -}}
{{- end -}}

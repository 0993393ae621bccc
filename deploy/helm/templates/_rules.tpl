{{/* The groups of rules/, with the values of prometheusRule. `go run ./alerts` writes the same with its flags. */}}
{{- define "asana-exporter.groups" -}}
{{- $values := .Values.prometheusRule -}}
{{- if eq $values.severities.page $values.severities.warning -}}
{{- fail (printf "prometheusRule.severities.page and .warning are both %q: alerts of both severities would be one" $values.severities.page) -}}
{{- end -}}
{{- $known := dict -}}
{{- range $path, $_ := .Files.Glob "rules/*.yml" -}}
{{- range $group := ($.Files.Get $path | fromYaml).groups -}}
{{- $rules := list -}}
{{- range $rule := $group.rules -}}
{{- include "asana-exporter.own" (dict "rule" $rule "values" $values "known" $known) -}}
{{- if not (has $rule.alert $values.disabled) -}}
{{- include "asana-exporter.renamed" (dict "rule" $rule "values" $values) -}}
{{- $rules = append $rules $rule -}}
{{- end -}}
{{- end -}}
{{- if eq $group.name "asana-deletions-knobs" -}}
{{- $rules = concat $rules (include "asana-exporter.more" $values | fromYamlArray) -}}
{{- end -}}
{{- list (set $group "rules" $rules) | toYaml }}
{{ end -}}
{{- end -}}
{{- include "asana-exporter.unknown" (dict "values" $values "known" $known) -}}
{{- end -}}

{{/* Gives a rule that is a number the value for it, and notes its name. */}}
{{- define "asana-exporter.own" -}}
{{- $rule := .rule -}}
{{- $labels := $rule.labels | default dict -}}
{{- if $rule.alert -}}
{{- $_ := set .known (printf "alert %s" $rule.alert) true -}}
{{- else if eq $rule.record "asana_exporter:knob" -}}
{{- $_ := set .known (printf "knob %s" $labels.knob) true -}}
{{- with get .values.knobs $labels.knob }}{{ $_ := set $rule "expr" (printf "vector(%v)" .) }}{{ end -}}
{{- else if eq $rule.record "asana_deletions:floor" -}}
{{- $_ := set .known (printf "floor %s %s" $labels.kind $labels.severity) true -}}
{{- range .values.floors -}}
{{- if and (not .workspace) (eq .kind $labels.kind) (eq .severity $labels.severity) }}{{ $_ := set $rule "expr" (printf "vector(%v)" .value) }}{{ end -}}
{{- end -}}
{{- else if eq $rule.record "asana_deletions:grafana" -}}
{{- $_ := set $labels "url" (.values.grafanaUrl | trimSuffix "/") -}}
{{- end -}}
{{- end -}}

{{/* Rules for the values that no rule has: factors, and floors of one workspace. */}}
{{- define "asana-exporter.more" -}}
{{- $severities := .severities -}}
{{- $rules := list -}}
{{- range $name, $numbers := dict "floor" .floors "factor" .factors -}}
{{- range $numbers -}}
{{- if or .workspace (eq $name "factor") -}}
{{- $labels := dict "kind" .kind "severity" (get $severities .severity) -}}
{{- with .workspace }}{{ $_ := set $labels "workspace" . }}{{ end -}}
{{- $rules = append $rules (dict "record" (print "asana_deletions:" $name) "expr" (printf "vector(%v)" .value) "labels" $labels) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $rules -}}
{{- end -}}

{{/* Puts severities, runbook and selector into a rule. Prometheus' own templates, {{ "{{ $labels.workspace }}" }}, are text here. */}}
{{- define "asana-exporter.renamed" -}}
{{- $rule := .rule -}}
{{- $severities := .values.severities -}}
{{- $labels := $rule.labels | default dict -}}
{{- with $labels.severity }}{{ $_ := set $labels "severity" (get $severities . | default .) }}{{ end -}}
{{- /* By way of PAGE, since the name of one severity may be the default of the other. */}}
{{- $expr := $rule.expr | replace `severity="page"` `severity="PAGE"`
  | replace `severity="warning"` (printf "severity=%q" $severities.warning)
  | replace `severity="PAGE"` (printf "severity=%q" $severities.page) -}}
{{- $annotations := $rule.annotations | default dict -}}
{{- with $annotations.runbook_url }}{{ $_ := set $annotations "runbook_url" (printf "%s#%s" $.values.runbookUrl (splitList "#" . | last)) }}{{ end -}}
{{- with .values.selector -}}
{{- $expr = include "asana-exporter.selected" (dict "text" $expr "selector" .) -}}
{{- /* Here the queries are strings of a template. */}}
{{- $quoted := . | replace `\` `\\` | replace `"` `\"` -}}
{{- range $name, $text := $annotations }}{{ $_ := set $annotations $name (include "asana-exporter.selected" (dict "text" $text "selector" $quoted)) }}{{ end -}}
{{- end -}}
{{- $_ := set $rule "expr" $expr -}}
{{- end -}}

{{/* Adds the selector to the exporter's metrics in a text. Recorded series have a colon in their names. */}}
{{- define "asana-exporter.selected" -}}
{{- $metric := `(^|[^a-zA-Z0-9_:])(asana_[a-zA-Z0-9_]+)` -}}
{{- $text := regexReplaceAll (print $metric `\{`) .text (printf "${1}${2}{%s, " .selector) -}}
{{- regexReplaceAll (print $metric `([^a-zA-Z0-9_:{]|$)`) $text (printf "${1}${2}{%s}${3}" .selector) -}}
{{- end -}}

{{/* Refuses values for what no rule has. */}}
{{- define "asana-exporter.unknown" -}}
{{- $known := .known -}}
{{- range .values.disabled -}}
{{- if not (hasKey $known (print "alert " .)) }}{{ fail (printf "prometheusRule.disabled: there is no alert %q" .) }}{{ end -}}
{{- end -}}
{{- range $name, $_ := .values.knobs -}}
{{- if not (hasKey $known (print "knob " $name)) }}{{ fail (printf "prometheusRule.knobs: there is no knob %q" $name) }}{{ end -}}
{{- end -}}
{{- range concat .values.floors .values.factors -}}
{{- if not (hasKey $known (printf "floor %s %s" .kind .severity)) -}}
{{- fail (printf "prometheusRule.floors and .factors: no limit of the kind %q has the severity %q" .kind .severity) -}}
{{- end -}}
{{- end -}}
{{- end -}}

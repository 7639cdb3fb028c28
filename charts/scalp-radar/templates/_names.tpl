{{/*
Names and labels. Within a namespace they are fixed: two installations in one namespace would run every
strategy twice, and Helm refuses the second one because these names are taken.
*/}}

{{/* Of what stands outside of namespaces: one release in each of several namespaces. */}}
{{- define "scalp.clusterName" -}}
{{- if eq .Release.Namespace "scalp-radar" -}}scalp-radar{{- else -}}scalp-radar-{{ .Release.Namespace }}{{- end -}}
{{- end -}}

{{- define "scalp.labels" -}}
app.kubernetes.io/name: scalp-{{ .component }}
{{ include "scalp.podLabels" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* What a selector of ours finds a pod by. They never change: a Deployment's selector cannot. */}}
{{- define "scalp.podLabels" -}}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/part-of: scalp-radar
{{- end -}}

{{/* Namespaces in which executors run, as a JSON list. */}}
{{- define "scalp.watched" -}}
{{- .Values.watchNamespaces | default (list .Release.Namespace) | uniq | toJson -}}
{{- end -}}

{{/* These and the release's own. */}}
{{- define "scalp.namespaces" -}}
{{- concat (list .Release.Namespace) (include "scalp.watched" . | fromJsonArray) | uniq | toJson -}}
{{- end -}}

{{- define "scalp.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- .Values.image.repository }}:{{ $tag }}{{ with .Values.image.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{- define "scalp.executorTokenSecret" -}}
{{- .Values.executor.tokenSecret | default "scalp-executor-token" -}}
{{- end -}}

{{- define "scalp.apiTokenSecret" -}}
{{- .Values.aggregator.apiTokenSecret | default "scalp-api-token" -}}
{{- end -}}

{{/*
On what executors need. While LiveStrategies outlive the release their executors go on, and one that is
moved to another node has to find its account, its token and its way to the exchange.
*/}}
{{- define "scalp.keepForExecutors" -}}
{{- if or .Values.crds.keep (not .Values.crds.enabled) -}}
helm.sh/resource-policy: keep
{{- end -}}
{{- end -}}

{{/* auto, true or false: whether an object of the Prometheus operator is there. */}}
{{- define "scalp.hasMonitor" -}}
{{- $served := .root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" .kind) -}}
{{- if eq (toString .enabled) "auto" }}{{ ternary "yes" "" $served }}{{ else if .enabled }}yes{{ end -}}
{{- end -}}

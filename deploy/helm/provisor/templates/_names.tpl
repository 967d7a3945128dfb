{{/* The name of what there is once; cluster-wide too, so that two releases do not meet. */}}
{{- define "provisor.name" -}}
{{- if contains "provisor" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-provisor" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- define "provisor.pages" -}}
{{- if eq (include "provisor.name" .) "provisor" }}pages{{ else }}{{ include "provisor.name" . }}-pages{{ end -}}
{{- end }}

{{- define "provisor.routes" -}}
{{- default (printf "%s-routes" (include "provisor.name" .)) .Values.routes.namespace -}}
{{- end }}

{{- define "provisor.tenantRole" -}}
{{ include "provisor.name" . }}-tenant-admin
{{- end }}

{{- define "provisor.image" -}}
{{- with .Values.image }}{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end }}{{ end -}}
{{- end }}

{{/* The cluster goes on sending connections for a moment after a pod was told to end. */}}
{{- define "provisor.linger" -}}
{{- if hasKey .Values.config "PROVISOR_LINGER_SECONDS" }}{{ get .Values.config "PROVISOR_LINGER_SECONDS" }}{{ else }}5{{ end -}}
{{- end }}

{{/* Of everything that belongs to the release. */}}
{{- define "provisor.labels" -}}
app.kubernetes.io/name: provisor
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end }}

{{- define "provisor.pagesLabels" -}}
{{- include "provisor.labels" . | replace "/name: provisor" "/name: pages" }}
{{- end }}

{{- define "provisor.selector" -}}
app.kubernetes.io/name: provisor
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "provisor.pagesSelector" -}}
app.kubernetes.io/name: pages
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "provisor.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "podium.labels" -}}
app.kubernetes.io/name: podium
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "podium.name" -}}
{{- printf "%s-podium" .Release.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

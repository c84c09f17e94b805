{{/* Volumes and their mounts. Takes `root`, `configMap` and `data`, the source of the volume data or nothing. */}}
{{- define "watershard.volumes" -}}
- name: config
  configMap: { name: {{ .configMap }} }
- name: tmp
  emptyDir: {}
{{- with .data }}
- name: data
{{- toYaml . | nindent 2 }}
{{- end }}
{{- range .root.Values.secretFiles }}
- name: {{ .name }}
  secret: { secretName: {{ .secretName }}, defaultMode: 0440 }
{{- end }}
{{- with .root.Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "watershard.mounts" -}}
{{/* The folder, since a mounted file would not follow its ConfigMap. */}}
- { name: config, mountPath: /etc/watershard, readOnly: true }
- { name: data, mountPath: /var/lib/watershard }
- { name: tmp, mountPath: /tmp }
{{- range .Values.secretFiles }}
- { name: {{ .name }}, mountPath: {{ .mountPath }}, readOnly: true }
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What the pods of a run and of a snapshot have alike. */}}
{{- define "watershard.podSettings" -}}
serviceAccountName: {{ include "watershard.serviceAccount" . }}
automountServiceAccountToken: true
enableServiceLinks: false
securityContext: {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "watershard.container" -}}
name: watershard
image: {{ include "watershard.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext: {{- toYaml .Values.securityContext | nindent 2 }}
{{- $ordinal := dict "name" "POD_INDEX" "valueFrom" (dict "fieldRef" (dict "fieldPath" "metadata.labels['apps.kubernetes.io/pod-index']")) }}
{{- with (gt (int .Values.shards) 1 | ternary (append .Values.env $ordinal) .Values.env) }}
env: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.envFrom }}
envFrom: {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts: {{- include "watershard.mounts" . | nindent 2 }}
{{- end -}}

{{/* The pod template of the workload. */}}
{{- define "watershard.pod" -}}
metadata:
  labels:
    {{- include "watershard.labels" . | nindent 4 }}
    app.kubernetes.io/component: stream
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    {{- if .Values.restartOnChange }}
    checksum/config: {{ include "watershard.config" (dict "root" . "config" .Values.config "shards" .Values.shards) | sha256sum }}
    {{- end }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "watershard.podSettings" . | nindent 2 }}
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- with .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- range . }}
    - {{- if not .labelSelector }}
      labelSelector:
        matchLabels: {{- include "watershard.podSelector" $ | nindent 10 }}
      {{- end }}
      {{- toYaml . | nindent 6 }}
    {{- end }}
  {{- end }}
  containers:
    - {{- include "watershard.container" . | nindent 6 }}
      args: [run, --config, /etc/watershard/watershard.yaml]
      ports:
        - { name: ops, containerPort: {{ .Values.ops.port }}, protocol: TCP }
      startupProbe:
        httpGet: { path: /healthz, port: ops }
        {{- toYaml .Values.probes.startup | nindent 8 }}
      livenessProbe:
        httpGet: { path: /livez, port: ops }
        {{- toYaml .Values.probes.liveness | nindent 8 }}
      readinessProbe:
        httpGet: { path: /readyz, port: ops }
        {{- toYaml .Values.probes.readiness | nindent 8 }}
      resources: {{- toYaml .Values.resources | nindent 8 }}
{{- end -}}

{{- define "watershard.podSelector" -}}
{{ include "watershard.selector" . }}
app.kubernetes.io/component: stream
{{- end -}}

{{/* The configuration file. Takes `root` and `config`. */}}
{{- define "watershard.config" -}}
{{- $config := deepCopy .config -}}
{{- $ops := dict "listen" (printf "%s:%d" .root.Values.ops.host (int .root.Values.ops.port)) -}}
{{- $_ := set $config "ops" (merge $ops (default dict $config.ops)) -}}
{{- $_ := set $config "dataDir" "/var/lib/watershard" -}}
{{- toYaml $config -}}
{{- end -}}

{{- define "watershard.stateUrl" -}}
{{- dig "state" "url" "" .Values.config -}}
{{- end -}}

{{/* What values.schema.json cannot say. */}}
{{- define "watershard.check" -}}
{{- $redis := include "watershard.stateUrl" . -}}
{{- if and (not .Values.persistence.enabled) (not $redis) -}}
{{- fail "persistence.enabled is false and config.state.url is not set: the state would be lost with the pod. Enable persistence, or keep the state in Redis." -}}
{{- end -}}
{{- range (default list .Values.config.exporters) -}}
{{- if and (eq (dig "buffer" "type" "" .) "disk") (not $.Values.persistence.enabled) -}}
{{- fail (printf "config.exporters: %s has a buffer on disk, which needs persistence.enabled." .name) -}}
{{- end -}}
{{- end -}}
{{- if gt (int .Values.replicas) 1 -}}
{{- if not $redis -}}
{{- fail "replicas is above 1: a second instance can only wait for a state that is in Redis (config.state.url)." -}}
{{- end -}}
{{- if .Values.persistence.existingClaim -}}
{{- fail "replicas is above 1: instances cannot share persistence.existingClaim." -}}
{{- end -}}
{{- end -}}
{{- end -}}

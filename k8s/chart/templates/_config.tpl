{{/* The configuration file. Takes `root` and `config`, and `shards` where each pod has its share. */}}
{{- define "watershard.config" -}}
{{- $config := deepCopy .config -}}
{{- $ops := dict "listen" (printf "%s:%d" .root.Values.ops.host (int .root.Values.ops.port)) -}}
{{- $_ := set $config "ops" (merge $ops (default dict $config.ops)) -}}
{{- $_ := set $config "dataDir" "/var/lib/watershard" -}}
{{- $watch := default dict $config.watch -}}
{{- $shard := default dict $watch.shard -}}
{{- $watch = omit $watch "shard" -}}
{{- if gt (int .shards) 1 -}}
{{- $_ := set $watch "shard" (merge (dict "index" "${POD_INDEX}" "count" (int .shards)) $shard) -}}
{{- end -}}
{{- if $watch -}}
{{- $_ := set $config "watch" $watch -}}
{{- end -}}
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
{{- if gt (int .Values.shards) 1 -}}
{{- if not .Values.persistence.enabled -}}
{{- fail "shards is above 1: that needs the ordinals of a StatefulSet (persistence.enabled)." -}}
{{- end -}}
{{- if .Values.persistence.existingClaim -}}
{{- fail "shards is above 1: instances cannot share persistence.existingClaim." -}}
{{- end -}}
{{- if gt (int .Values.replicas) 1 -}}
{{- fail "shards is above 1: replicas has to be 1 (or 0, to stop all)." -}}
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

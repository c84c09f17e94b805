{{/*
Rights are list and watch, without get: on `*` a get would reach nodes/proxy and pods/exec too, by which commands run.
Each template prints YAML, which its caller reads; lists and maps cannot be handed back otherwise.
*/}}

{{/* A name in the words of `watch.resources` as {group, resource}; `*` for all, and group `*` where only a cluster knows it. */}}
{{- define "watershard.resolve" -}}
{{- $parts := splitn "." 2 .name -}}
{{- $word := lower $parts._0 -}}
{{- $group := default "" $parts._1 -}}
{{- $found := dict -}}
{{- if eq .name "*" -}}
{{- $found = dict "group" "*" "resource" "*" -}}
{{- else if or (eq $word "*") (and $group (not (hasKey .served $group))) -}}
{{- $found = dict "group" $group "resource" $word -}}
{{- else -}}
{{- range $pass := list "exact" "other" -}}
{{- range $g, $resources := $.served -}}
{{- if and (not $found) (or (not $group) (eq $g $group)) -}}
{{- range $resources -}}
{{- if and (not $found) (ternary (eq .resource $word) (has $word .names) (eq $pass "exact")) -}}
{{- $found = dict "group" $g "resource" .resource -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not $found -}}
{{- $found = dict "group" (default "*" $group) "resource" $word -}}
{{- end -}}
{{- end -}}
{{- toYaml $found -}}
{{- end -}}

{{/* API groups beside those of Kubernetes: of the values, and of the cluster as Helm sees it. */}}
{{- define "watershard.otherGroups" -}}
{{- $groups := dict -}}
{{- range .Values.rbac.groups -}}{{- $_ := set $groups . true -}}{{- end -}}
{{- range .Capabilities.APIVersions -}}
{{- $group := splitList "/" . | first -}}
{{- if contains "." $group -}}{{- $_ := set $groups $group true -}}{{- end -}}
{{- end -}}
{{- toYaml (dict "groups" (keys $groups | sortAlpha)) -}}
{{- end -}}

{{/*
What `config.watch` needs, as {group: {resource: true}}. Takes `root` and `scope`: all, namespaced or cluster.
*/}}
{{- define "watershard.grants" -}}
{{- $scope := .scope -}}
{{- $watch := default dict .root.Values.config.watch -}}
{{- $served := (.root.Files.Get "files/api-resources.yaml" | fromYaml).groups -}}
{{- $excluded := dict -}}
{{- range (default list $watch.exclude) -}}
{{- $r := include "watershard.resolve" (dict "name" . "served" $served) | fromYaml -}}
{{- if eq $r.group "*" -}}
{{- fail (printf "config.watch.exclude: %s is no resource of Kubernetes itself; write it with its group, like widgets.example.com, so that no right to read it is given." .) -}}
{{- end -}}
{{- /* Leases say nothing that is worth a list of all groups in the place of one rule. */ -}}
{{- if ne (printf "%s.%s" $r.resource $r.group) "leases.coordination.k8s.io" -}}
{{- $_ := set $excluded $r.group (set (default dict (get $excluded $r.group)) $r.resource true) -}}
{{- end -}}
{{- end -}}
{{- $wanted := list -}}
{{- range (default (list "*") $watch.resources) -}}
{{- $r := include "watershard.resolve" (dict "name" . "served" $served) | fromYaml -}}
{{- if and (eq $r.group "*") (eq $r.resource "*") (or $excluded (eq $scope "cluster")) -}}
{{- range $g := concat (keys $served) (include "watershard.otherGroups" $.root | fromYaml).groups | uniq -}}
{{- $wanted = append $wanted (dict "group" $g "resource" "*") -}}
{{- end -}}
{{- else -}}
{{- $wanted = append $wanted $r -}}
{{- end -}}
{{- end -}}
{{- if eq $scope "cluster" -}}
{{- range .root.Values.rbac.clusterScoped -}}
{{- $wanted = append $wanted (set (include "watershard.resolve" (dict "name" . "served" $served) | fromYaml) "named" true) -}}
{{- end -}}
{{- end -}}
{{- $grants := dict -}}
{{- range $w := $wanted -}}
{{- $out := default dict (get $excluded $w.group) -}}
{{- $granted := default dict (get $grants $w.group) -}}
{{- $known := default list (get $served $w.group) -}}
{{- if or (hasKey $out "*") (hasKey $out $w.resource) -}}
{{- else if and (eq $w.resource "*") $known (or $out (eq $scope "cluster")) -}}
{{- range $known -}}
{{- $fits := or (eq $scope "all") (eq (ternary "namespaced" "cluster" .namespaced) $scope) -}}
{{- if and $fits (not (hasKey $out .resource)) -}}{{- $_ := set $granted .resource true -}}{{- end -}}
{{- end -}}
{{- else if and (eq $w.resource "*") $out -}}
{{- /* A group of which the chart knows no other resources: nothing, rather than what was excluded. */ -}}
{{- else -}}
{{- $elsewhere := and (eq $scope "cluster") (not $w.named) -}}
{{- range $known -}}
{{- if eq .resource $w.resource -}}
{{- $elsewhere = and (ne $scope "all") (ne (ternary "namespaced" "cluster" .namespaced) $scope) -}}
{{- end -}}
{{- end -}}
{{- if not $elsewhere -}}{{- $_ := set $granted $w.resource true -}}{{- end -}}
{{- end -}}
{{- if $granted -}}{{- $_ := set $grants $w.group $granted -}}{{- end -}}
{{- end -}}
{{- toYaml $grants -}}
{{- end -}}

{{- define "watershard.rules" -}}
{{- range $group, $resources := include "watershard.grants" . | fromYaml }}
- apiGroups: [{{ $group | quote }}]
  resources: {{ ternary (list "*") (keys $resources | sortAlpha) (hasKey $resources "*") | toJson }}
  verbs: [list, watch]
{{- end }}
{{- end -}}

{{- define "watershard.identityRule" -}}
- apiGroups: [""]
  resources: [namespaces]
  resourceNames: [kube-system]
  verbs: [get]
{{- end -}}

{{/* RoleRef and subjects. Takes `root`, `kind` and `name`. */}}
{{- define "watershard.binding" -}}
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: {{ .kind }}, name: {{ .name | quote }} }
subjects:
  - { kind: ServiceAccount, name: {{ include "watershard.serviceAccount" .root }}, namespace: {{ .root.Release.Namespace }} }
{{- end -}}

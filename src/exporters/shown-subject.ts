const OF_THE_OBJECT = /\{(?:namespace|name)\}/;

/**
 * A routing key for whoever looks at the sink, who may not know what objects there are: without what its template takes of the
 * object's name. `k8s.demo.core.pods.*.*` for `k8s.demo.core.pods.team-a.web-0`. A key that is not of the template is not ours, or
 * is cut short: the template is shown.
 */
export function shownSubject(subject: string, template: string): string {
  const pattern = template.split('.');
  const tokens = subject.split('.');
  if (pattern.length !== tokens.length) return template;
  return tokens.map((token, i) => (OF_THE_OBJECT.test(pattern[i] as string) ? '*' : token)).join('.');
}

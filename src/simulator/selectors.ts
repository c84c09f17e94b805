import { badRequest } from './refusal.ts';
import type { Template } from './template.ts';

export interface Selection {
  /** Goes by what is the same for all objects of a template. */
  readonly template: (t: Template) => boolean;
  /** Set where the name matters. */
  readonly name?: (name: string) => boolean;
}

type Labels = Readonly<Record<string, string>>;

/** labelSelector in the syntax of Kubernetes: `a=b,c!=d,e in (f,g),h notin (i),j,!k`. */
export function labelSelector(text: string): (labels: Labels) => boolean {
  const terms = text
    .split(/,(?![^(]*\))/)
    .map((t) => t.trim())
    .filter((t) => t !== '')
    .map(labelTerm);
  return (labels) => terms.every((term) => term(labels));
}

const KEY = String.raw`[A-Za-z0-9](?:[\w./-]*[A-Za-z0-9])?`;
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s+\\(([^)]*)\\)$`);
const EQUALITY = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*([\\w.-]*)$`);
const EXISTS = new RegExp(`^(!?)\\s*(${KEY})$`);

function labelTerm(term: string): (labels: Labels) => boolean {
  const set = SET.exec(term);
  if (set !== null) {
    const values = set[3]!.split(',').map((v) => v.trim());
    const wanted = set[2] === 'in';
    return (labels) => (labels[set[1]!] === undefined ? !wanted : values.includes(labels[set[1]!]!) === wanted);
  }
  const equality = EQUALITY.exec(term);
  if (equality !== null) {
    const wanted = equality[2] !== '!=';
    return (labels) => (labels[equality[1]!] === equality[3]) === wanted;
  }
  const exists = EXISTS.exec(term);
  if (exists !== null) return (labels) => (labels[exists[2]!] !== undefined) === (exists[1] === '');
  throw badRequest(`unable to parse requirement: ${term}`);
}

/** @param namespace of the path, or undefined */
export function selection(query: URLSearchParams, namespace: string | undefined): Selection {
  const labels = labelSelector(query.get('labelSelector') ?? '');
  const namespaces: ((n: string) => boolean)[] = namespace === undefined ? [] : [(n) => n === namespace];
  const names: ((n: string) => boolean)[] = [];
  for (const term of (query.get('fieldSelector') ?? '').split(',').filter((t) => t !== '')) {
    const match = /^(metadata\.namespace|metadata\.name)(==|=|!=)(.*)$/.exec(term.trim());
    if (match === null) throw badRequest(`field label not supported: ${term}`);
    const wanted = match[2] !== '!=';
    (match[1] === 'metadata.name' ? names : namespaces).push((value) => (value === match[3]) === wanted);
  }
  const chosen = new Map<Template, boolean>();
  const choose = (t: Template): boolean => {
    const known = chosen.get(t);
    if (known !== undefined) return known;
    const answer = namespaces.every((n) => n(t.namespace)) && labels(t.labels);
    chosen.set(t, answer);
    return answer;
  };
  return {
    template: namespaces.length === 0 && !query.get('labelSelector') ? () => true : choose,
    ...(names.length === 0 ? {} : { name: (name) => names.every((n) => n(name)) }),
  };
}

import { WatershardError } from '../model/errors.ts';
import type { ChangeRecord, RecordContext } from '../model/record.ts';

/** What a record is published under where the exporter's configuration says nothing else. */
export const DEFAULT_SUBJECT = 'k8s.{cluster}.{group}.{resource}.{namespace}.{name}';

export const SUBJECT_PLACEHOLDERS = ['cluster', 'group', 'resource', 'kind', 'namespace', 'name', 'operation'] as const;
type Placeholder = (typeof SUBJECT_PLACEHOLDERS)[number];

/**
 * What NATS gives a meaning in a token, or refuses (ADR-6): the separator, the wildcards, white space and control
 * characters. `%` is escaped so that an escape can be told from a name.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const UNSAFE = /[%.*>\s\u0000-\u001f\u007f-\u009f]/;
const UNSAFE_ALL = new RegExp(UNSAFE, 'gu');
const EMPTY = '_';

/**
 * One token of a subject: what is unsafe is percent-encoded in UTF-8. The empty text is `_`, and the text `_` is `%5F`.
 * A lone surrogate, which no Kubernetes name has, becomes U+FFFD.
 */
export function escapeToken(text: string): string {
  if (text === '') return EMPTY;
  if (text === EMPTY) return '%5F';
  return UNSAFE.test(text) ? text.replace(UNSAFE_ALL, percentEncode) : text;
}

/** The inverse of `escapeToken`. @throws URIError where the token is not one that `escapeToken` makes */
export function unescapeToken(token: string): string {
  return token === EMPTY ? '' : decodeURIComponent(token);
}

function percentEncode(character: string): string {
  let text = '';
  for (const byte of Buffer.from(character)) text += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return text;
}

/** @throws WatershardError CONFIG_INVALID */
export function checkSubject(template: string): void {
  parseTemplate(template);
}

/**
 * A function that makes the subject of a record. What is the same for a whole stream is put in once. The namespace of a
 * cluster-scoped object is `_`, and so are both namespace and name of a GAP record.
 * @throws WatershardError CONFIG_INVALID
 */
export function compileSubject(
  template: string,
  context: RecordContext,
): (record: Pick<ChangeRecord, 'namespace' | 'name' | 'operation'>) => string {
  const constant: Partial<Record<Placeholder, string>> = {
    cluster: escapeToken(context.cluster),
    group: escapeToken(context.group === '' ? 'core' : context.group),
    resource: escapeToken(context.resource),
    kind: escapeToken(context.kind),
  };
  // Literals and placeholders take turns, a literal first; `variable[i]` stands behind `literal[i]`.
  const literals: string[] = [''];
  const variables: Placeholder[] = [];
  for (const part of parseTemplate(template)) {
    const text = 'literal' in part ? part.literal : constant[part.placeholder];
    if (text !== undefined) literals[literals.length - 1] += text;
    else if ('placeholder' in part) {
      variables.push(part.placeholder);
      literals.push('');
    }
  }
  return (record) => {
    let subject = literals[0] as string;
    for (let i = 0; i < variables.length; i++)
      subject += variableToken(variables[i] as Placeholder, record) + literals[i + 1];
    return subject;
  };
}

function variableToken(
  placeholder: Placeholder,
  record: Pick<ChangeRecord, 'namespace' | 'name' | 'operation'>,
): string {
  if (placeholder === 'namespace') return escapeToken(record.namespace);
  if (placeholder === 'name') return escapeToken(record.name);
  return record.operation.toLowerCase();
}

type Part = { readonly literal: string } | { readonly placeholder: Placeholder };

function parseTemplate(template: string): Part[] {
  const bad = (why: string): never => {
    throw new WatershardError('CONFIG_INVALID', `The subject template "${template}" ${why}`);
  };
  const parts: Part[] = [];
  let sample = '';
  for (const piece of template.split(/(\{[^{}]*\})/)) {
    if (piece === '') continue;
    if (piece.startsWith('{') && piece.endsWith('}')) {
      const name = piece.slice(1, -1);
      const placeholder = SUBJECT_PLACEHOLDERS.find((p) => p === name);
      if (placeholder === undefined) {
        return bad(`has the unknown placeholder {${name}}; there are {${SUBJECT_PLACEHOLDERS.join('}, {')}}`);
      }
      parts.push({ placeholder });
      sample += 'x';
    } else {
      if (/[{}]/.test(piece)) bad('has a brace without its partner');
      if (/[*>\s]/.test(piece) || UNSAFE.test(piece.replaceAll('.', '').replaceAll('%', ''))) {
        bad('has a wildcard, white space or a control character in it');
      }
      parts.push({ literal: piece });
      sample += piece;
    }
  }
  if (sample.split('.').includes(''))
    bad('is empty, or has an empty token (a point at its start or end, or two in a row)');
  if (sample.startsWith('$')) bad('begins with $, which is reserved for the server');
  return parts;
}

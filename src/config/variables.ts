// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is about such text
import { type Problem, pathText } from './problem.ts';

/** `$${` stands for a literal `${`; otherwise `${NAME}` or `${NAME:-default}`. */
const REFERENCE = /\$\$\{|\$\{([^}]*)\}?/g;
const NAME = /^([A-Za-z_]\w*)(?::-((?:(?!\$\{).)*))?$/s;
/** A shorter value would take its letters out of every message, and is no secret. */
const SHORTEST_SECRET = 4;
/** So many characters of a value that is cut short tell it. */
const CUT_SHORT = 8;

export interface Expansion {
  readonly data: unknown;
  /** Paths (as `pathText`) of values in which something was expanded. */
  readonly expanded: ReadonlySet<string>;
  /** The text with what came from the environment taken back to its `${NAME}`: it may be a secret, and is not shown. */
  readonly conceal: (text: string) => string;
  /** References to variables that are not set. */
  readonly missing: readonly Problem[];
  readonly malformed: readonly Problem[];
}

/**
 * Replaces `${NAME}` in every text value, after YAML was parsed, so that a value can never change the structure. Keys are
 * left alone. A variable that is set but empty counts as missing where a default is given, as in a shell.
 */
export function expandVariables(data: unknown, environment: Readonly<Record<string, string | undefined>>): Expansion {
  const expanded = new Set<string>();
  const missing: Problem[] = [];
  const malformed: Problem[] = [];
  const values = new Map<string, string>();

  const expandText = (text: string, path: readonly PropertyKey[]): string =>
    text.replace(REFERENCE, (whole, inside: string | undefined) => {
      if (whole === '$${') return '${';
      expanded.add(pathText(path));
      const found = whole.endsWith('}') ? NAME.exec(inside ?? '') : null;
      if (found === null) {
        malformed.push({
          path,
          reason: `"${whole}" is no reference to a variable`,
          remedy: 'write ${NAME} or ${NAME:-default}, or $${ for a literal ${',
        });
        return whole;
      }
      const [, name, fallback] = found;
      const value = environment[name!];
      if (value !== undefined && value.length >= SHORTEST_SECRET) values.set(value, `\${${name}}`);
      if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
      if (value !== undefined) return value;
      missing.push({
        path,
        reason: `the environment variable ${name} is not set`,
        remedy: `set it, or give a default with \${${name}:-default}`,
      });
      return whole;
    });

  const walk = (value: unknown, path: readonly PropertyKey[]): unknown => {
    if (typeof value === 'string') return value.includes('${') ? expandText(value, path) : value;
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]));
    if (value === null || typeof value !== 'object') return value;
    // fromEntries defines own properties, also for a key like __proto__
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]));
  };
  return { data: walk(data, []), expanded, conceal: (text) => conceal(text, values, expanded), missing, malformed };
}

/** Also where a message cuts a value short, shows it with escapes, or, about the value itself, quotes words of it. */
function conceal(text: string, values: ReadonlyMap<string, string>, expanded: ReadonlySet<string>): string {
  const isOfExpanded = [...expanded].some((path) => text.includes(`${path}: `));
  for (const [value, reference] of values) {
    const escaped = JSON.stringify(value).slice(1, -1);
    for (const form of [value, escaped]) {
      text = text.replaceAll(form, reference);
      const start = form.slice(0, CUT_SHORT);
      if (form.length > CUT_SHORT && text.includes(start)) text = concealCut(text, form, start, reference);
    }
    if (!isOfExpanded) continue;
    for (const word of value.split(/\W+/)) if (word.length >= SHORTEST_SECRET) text = text.replaceAll(word, reference);
  }
  return text;
}

function concealCut(text: string, form: string, start: string, reference: string): string {
  let rest = '';
  for (let at = text.indexOf(start); at >= 0; at = text.indexOf(start)) {
    let end = at + CUT_SHORT;
    while (end < text.length && text[end] === form[end - at]) end++;
    rest += text.slice(0, at) + reference;
    text = text.slice(end);
  }
  return rest + text;
}

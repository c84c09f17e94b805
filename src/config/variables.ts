// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is about such text
import { type Problem, pathText } from './problem.ts';

/** `$${` stands for a literal `${`; otherwise `${NAME}` or `${NAME:-default}`. */
const REFERENCE = /\$\$\{|\$\{([^}]*)\}?/g;
const NAME = /^([A-Za-z_]\w*)(?::-((?:(?!\$\{).)*))?$/s;

export interface Expansion {
  readonly data: unknown;
  /** Paths (as `pathText`) of values in which something was expanded: their content is not shown in messages. */
  readonly expanded: ReadonlySet<string>;
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
  return { data: walk(data, []), expanded, missing, malformed };
}

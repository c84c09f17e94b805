import { type ErrorCode, WatershardError } from '../model/errors.ts';
import { problemsOf } from './issues.ts';
import { type Problem, pathText, problemText } from './problem.ts';
import { type Config, configSchema, jsonSchema } from './schema.ts';
import { semanticProblems } from './semantics.ts';
import { parseSource, readSource, type Source } from './source.ts';
import { expandVariables } from './variables.ts';

/** One slip can make thousands; to find the line of each would take minutes. */
const MAX_PROBLEMS = 20;

export interface LoadOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Further checks, like whether expressions compile; each throws a WatershardError of class `configuration`. */
  readonly checks?: readonly ((config: Config) => void)[];
}

/**
 * Reads, expands and checks a configuration file.
 * @throws WatershardError CONFIG_UNREADABLE, CONFIG_VARIABLE_MISSING, CONFIG_INVALID with every problem, a line each; or the
 *   code of the one check that failed
 */
export function loadConfig(file: string, options: LoadOptions = {}): Config {
  return checkSource(readSource(file), file, options);
}

/** The same for a configuration that is at hand as text; `name` stands for the file in messages. */
export function parseConfig(text: string, name: string, options: LoadOptions = {}): Config {
  return checkSource(parseSource(text, name), name, options);
}

function checkSource(source: Source, file: string, { environment = process.env, checks = [] }: LoadOptions): Config {
  const { data, expanded, conceal, missing, malformed } = expandVariables(source.data, environment);
  const unexpanded = new Set([...missing, ...malformed].map((p) => pathText(p.path)));
  const parsed = parse(data, expanded);
  const found: Problem[] = [...missing, ...malformed];
  if (!parsed.success)
    found.push(...problemsOf(parsed.error.issues, jsonSchema(), data).filter((p) => !unexpanded.has(pathText(p.path))));
  else found.push(...semanticProblems(parsed.data), ...prototypeKeys(data));
  if (found.length > 0 || !parsed.success) {
    const code: ErrorCode = found.every((p) => missing.includes(p)) ? 'CONFIG_VARIABLE_MISSING' : 'CONFIG_INVALID';
    const problems = located(found.slice(0, MAX_PROBLEMS), source).map(problemText).map(conceal);
    if (found.length > MAX_PROBLEMS) problems.push(`and ${found.length - MAX_PROBLEMS} more`);
    throw new WatershardError(code, report(file, problems, found.length));
  }
  runChecks(parsed.data, checks, file, conceal);
  return parsed.data;
}

/** Keys that zod passes over in silence where a mapping takes any name. */
function prototypeKeys(value: unknown, path: readonly PropertyKey[] = []): Problem[] {
  if (typeof value !== 'object' || value === null) return [];
  const named = Object.hasOwn(value, '__proto__') && !Array.isArray(value);
  const found: Problem[] = named
    ? [{ path: [...path, '__proto__'], reason: 'nothing can have this name', remedy: 'choose another name' }]
    : [];
  for (const [key, item] of Object.entries(value))
    found.push(...prototypeKeys(item, [...path, Array.isArray(value) ? Number(key) : key]));
  return found;
}

/** A value that came from a variable is text; where the schema wants a number or a boolean, it is read as one. */
function parse(data: unknown, expanded: ReadonlySet<string>) {
  const first = configSchema.safeParse(data);
  if (first.success || expanded.size === 0) return first;
  let converted = 0;
  for (const issue of first.error.issues) {
    if (issue.code !== 'invalid_type' || !expanded.has(pathText(issue.path))) continue;
    const holder = issue.path
      .slice(0, -1)
      .reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown>)[part], data) as Record<
      PropertyKey,
      unknown
    >;
    const key = issue.path.at(-1)!;
    const value = scalar(String(holder[key]), issue.expected);
    if (value === undefined) continue;
    holder[key] = value;
    converted++;
  }
  return converted === 0 ? first : configSchema.safeParse(data);
}

function scalar(text: string, expected: string): number | boolean | undefined {
  if (expected === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  if (expected !== 'number' && expected !== 'int') return undefined;
  return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : undefined;
}

function located(problems: readonly Problem[], source: Source): Problem[] {
  return problems
    .map((p) => ({ ...p, line: source.line(p.path, p.reason === 'unknown key') }))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

function runChecks(
  config: Config,
  checks: readonly ((config: Config) => void)[],
  file: string,
  conceal: (text: string) => string,
): void {
  const failed: WatershardError[] = [];
  for (const check of checks) {
    try {
      check(config);
    } catch (e) {
      if (!(e instanceof WatershardError) || e.class !== 'configuration') throw e;
      failed.push(e);
    }
  }
  const [first] = failed;
  if (first === undefined) return;
  // Without the check's error as its cause: that one says what was concealed here.
  const messages = failed.map((e) => conceal(e.message));
  throw new WatershardError(failed.length === 1 ? first.code : 'CONFIG_INVALID', report(file, messages));
}

function report(file: string, problems: readonly string[], count = problems.length): string {
  return `the configuration ${file} has ${count === 1 ? '1 problem' : `${count} problems`}:\n${problems.map((p) => `  ${p}`).join('\n')}`;
}

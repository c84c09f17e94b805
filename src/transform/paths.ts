import { WatershardError } from '../model/errors.ts';
import type { PathToken } from '../model/json-trie.ts';

const NAME = /[A-Za-z_][A-Za-z0-9_-]*/y;
const INDEX = /0|[1-9][0-9]{0,8}/y;

/** No object is nested deeper than a schema can say; what is compiled of paths is as deep as the longest. */
const MAX_TOKENS = 100;
const SHOWN = 200;

/**
 * Reads a path of a configuration: names with dots between, `['any key']` or `["any key"]`, `[0]` for one element, `[*]`
 * for every element or member: `metadata.annotations['example.com/heartbeat']`, `spec.containers[*].env`. Inside quotes
 * a backslash stands before a quote or a backslash.
 * @throws WatershardError PATH_INVALID with the position and what to write instead
 */
export function parsePath(path: string): PathToken[] {
  const tokens: PathToken[] = [];
  let at = 0;
  while (at < path.length) {
    if (tokens.length === MAX_TOKENS)
      throw invalid(path, at, `it has more than ${MAX_TOKENS} steps; write a shorter one`);
    if (path[at] === '[') {
      const [token, next] = bracket(path, at);
      tokens.push(token);
      at = next;
    } else {
      if (at > 0 && path[at] === '.') at++;
      else if (at > 0)
        throw invalid(path, at, "a dot or a bracket is missing; a key with other characters is written ['like/this']");
      const name = match(NAME, path, at);
      if (name === undefined) throw invalid(path, at, nameProblem(path, at));
      tokens.push({ key: name });
      at += name.length;
    }
  }
  if (tokens.length === 0) throw invalid(path, 0, 'it is empty; write for instance metadata.managedFields');
  return tokens;
}

function bracket(path: string, open: number): [PathToken, number] {
  let at = open + 1;
  let token: PathToken;
  const quote = path[at];
  if (quote === '*') {
    token = { any: true };
    at++;
  } else if (quote === "'" || quote === '"') {
    let key = '';
    for (at++; path[at] !== quote; at++) {
      if (path[at] === '\\') at++;
      if (at >= path.length) throw invalid(path, open, `the quote ${quote} is not closed`);
      key += path[at];
    }
    at++;
    token = { key };
  } else {
    const index = match(INDEX, path, at);
    if (index === undefined)
      throw invalid(path, at, "between brackets stands *, a number or a quoted key: [*], [0], ['example.com/key']");
    token = { index: Number(index) };
    at += index.length;
  }
  if (path[at] !== ']') throw invalid(path, at, 'the bracket is not closed with ]');
  return [token, at + 1];
}

function match(pattern: RegExp, path: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(path)?.[0];
}

function nameProblem(path: string, at: number): string {
  if (at >= path.length) return 'it ends with a dot; leave that out or write the name that follows';
  if (path[at] === '*') return 'every element or member is written [*], as in spec.containers[*].env';
  if (path[at] === '.' || path[at] === '$')
    return 'it begins at the object itself: write metadata.labels, without anything in front';
  return "a name begins with a letter; a key with other characters is written ['like/this']";
}

function invalid(path: string, at: number, remedy: string): WatershardError {
  return new WatershardError(
    'PATH_INVALID',
    `reading the path ${JSON.stringify(path.length > SHOWN ? `${path.slice(0, SHOWN)}…` : path)}, at position ${at + 1}: ${remedy}`,
  );
}

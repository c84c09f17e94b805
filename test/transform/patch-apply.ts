/** Reference appliers, written from the RFCs' own pseudo code, on values of JSON.parse (or of a reviver). */
type Value = unknown;
type Members = Record<string, Value>;

export const isMembers = (value: Value): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const own = (object: Members, key: string): Value => (Object.hasOwn(object, key) ? object[key] : undefined);
const set = (object: Members, key: string, value: Value): void => {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
};

/** RFC 7396, section 2. */
export function applyMergePatch(target: Value, patch: Value): Value {
  if (!isMembers(patch)) return patch;
  const result: Members = isMembers(target) ? { ...target } : {};
  for (const key of Object.keys(patch)) {
    if (patch[key] === null) delete result[key];
    else set(result, key, applyMergePatch(own(result, key), patch[key]));
  }
  return result;
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value?: Value;
}

/** RFC 6902, of add, remove and replace; throws where the target of an operation is not there. */
export function applyJsonPatch(document: Value, operations: readonly Operation[]): Value {
  const root: Members = { '': structuredClone(document) };
  for (const { op, path, value } of operations) {
    const tokens = path.split('/').map((t) => t.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = tokens.pop() as string;
    let at: Value = root;
    if (tokens.length > 0) for (const token of tokens) at = step(at, token);
    if (Array.isArray(at)) {
      const index = Number(last);
      if (!/^(0|[1-9]\d*)$/.test(last) || index > at.length || (op !== 'add' && index === at.length))
        throw new Error(`bad index ${path}`);
      if (op === 'add') at.splice(index, 0, value);
      else if (op === 'remove') at.splice(index, 1);
      else at[index] = value;
    } else {
      if (!isMembers(at)) throw new Error(`no parent at ${path}`);
      if (op !== 'add' && !Object.hasOwn(at, last)) throw new Error(`nothing at ${path}`);
      if (op === 'remove') delete at[last];
      else set(at, last, value);
    }
  }
  return root[''];
}

function step(at: Value, token: string): Value {
  const next = Array.isArray(at) ? at[Number(token)] : isMembers(at) ? own(at, token) : undefined;
  if (next === undefined) throw new Error(`no ${token}`);
  return next;
}

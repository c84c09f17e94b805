import type { ASTNode } from '@marcbachmann/cel-js';

/** An expression that is a path of members of the object, or asks each element of the list there for one member. */
export interface FieldPath {
  readonly keys: readonly string[];
  /** `object.spec.containers.map(c, c.image)`: `image`. */
  readonly item: string | undefined;
}

/** Members by which the library tells other things than what stands there. */
const NO_MEMBERS: ReadonlySet<string> = new Set(['constructor', '__proto__']);

/** @returns undefined for any other expression */
export function fieldPath(node: ASTNode): FieldPath | undefined {
  if (node.op !== 'rcall') {
    const keys = pathFrom(node, 'object');
    return keys && { keys, item: undefined };
  }
  const [name, receiver, args] = node.args;
  const [variable, body] = args;
  if (name !== 'map' || args.length !== 2 || variable?.op !== 'id' || body === undefined) return undefined;
  const keys = pathFrom(receiver, 'object');
  const item = pathFrom(body, variable.args);
  return keys === undefined || item?.length !== 1 ? undefined : { keys, item: item[0] };
}

/** The members of `root.a.b`, at least one. */
function pathFrom(node: ASTNode, root: string): string[] | undefined {
  if (node.op !== '.') return undefined;
  const [from, key] = node.args;
  if (NO_MEMBERS.has(key)) return undefined;
  if (from.op === 'id') return from.args === root ? [key] : undefined;
  const before = pathFrom(from, root);
  return before && [...before, key];
}

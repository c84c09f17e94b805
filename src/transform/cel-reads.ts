import type { ASTNode } from '@marcbachmann/cel-js';

/** Longer paths are read up to here: what is behind is small. */
const MAX_STEPS = 3;

/**
 * Which parts of `object` an expression can read: the paths of plain field accesses, each up to where something else is done
 * with it. Undefined where that may be the whole object. A loop's variable that is called `object` too only makes it more.
 */
export function readsOf(ast: ASTNode): string[][] | undefined {
  const paths: string[][] = [];
  let whole = false;
  const visit = (node: ASTNode): void => {
    const path = pathOf(node);
    if (path === undefined) for (const child of children(node.args)) visit(child);
    else if (path.length === 0) whole = true;
    else paths.push(path.slice(0, MAX_STEPS));
  };
  visit(ast);
  return whole ? undefined : paths;
}

/** The path of `object.a.b`, empty for `object`; undefined for any other expression. */
function pathOf(node: ASTNode): string[] | undefined {
  if (node.op === 'id') return node.args === 'object' ? [] : undefined;
  if (node.op !== '.') return undefined;
  const before = pathOf(node.args[0]);
  return before === undefined ? undefined : [...before, node.args[1]];
}

/** The nodes in a node's arguments. */
export function children(args: unknown): ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(children);
  return typeof args === 'object' && args !== null && 'op' in args ? [args as ASTNode] : [];
}

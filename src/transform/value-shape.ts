import type { ASTNode } from '@marcbachmann/cel-js';

/** Loops that look at elements and keep none of them as it is. */
const LOOPS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map']);
/** Parts of an object that have to be read as a whole where a path goes there: see `expressionShape`. */
const NOT_IN_TEXT: ReadonlySet<string> = new Set(['kind', 'apiVersion']);

/** Which parts of a value expressions look at: all of it, or of certain members and elements certain parts. */
export interface ValueShape {
  whole: boolean;
  readonly keys: Map<string, ValueShape>;
  /** Of every element of a list. */
  items: ValueShape | undefined;
}

/** What variables stand for; undefined where it is nothing of the object. */
type Scope = ReadonlyMap<string, ValueShape | undefined>;

/**
 * Which parts of the object these expressions can look at. Whatever else is in it makes no difference to them, be it to
 * their values or to their errors.
 * @returns undefined where that is all of it, or a part that a list item or the delivered object does not have as its text
 *   has it: kind and apiVersion (members that are put in front), and managedFields (which are cut)
 */
export function expressionShape(expressions: readonly ASTNode[]): ValueShape | undefined {
  const root = newShape();
  for (const node of expressions) visit(node, new Map([['object', root]]));
  if (root.whole || [...root.keys.keys()].some((key) => NOT_IN_TEXT.has(key))) return undefined;
  const metadata = root.keys.get('metadata');
  if (metadata?.whole === true || metadata?.keys.has('managedFields') === true) return undefined;
  return root.keys.size === 0 ? undefined : root;
}

function newShape(): ValueShape {
  return { whole: false, keys: new Map(), items: undefined };
}

/** Notes what the node and all below it look at. */
function visit(node: ASTNode, scope: Scope): void {
  const shape = shapeOf(node, scope);
  if (shape !== undefined) shape.whole = true;
  else if (node.op !== 'rcall') for (const child of children(node.args)) visit(child, scope);
  else visitCall(node, scope);
}

function visitCall(node: Extract<ASTNode, { op: 'rcall' }>, scope: Scope): void {
  const [name, receiver, args] = node.args;
  const variable = args[0]?.op === 'id' ? String(args[0].args) : undefined;
  const list = LOOPS.has(name) && variable !== undefined ? shapeOf(receiver, scope) : undefined;
  if (list !== undefined && variable !== undefined) {
    list.items ??= newShape();
    const inner = new Map([...scope, [variable, list.items] as const]);
    for (const child of args.slice(1)) visit(child, inner);
    return;
  }
  visit(receiver, scope);
  if (variable === undefined || !scope.has(variable)) for (const child of args) visit(child, scope);
  else {
    // Perhaps a variable (of another loop, of cel.bind) that hides one of its name from some of the arguments. Looking for
    // both means more than needed, and never less.
    const inner = new Map([...scope, [variable, undefined] as const]);
    for (const child of args) visit(child, inner);
    for (const child of args) visit(child, scope);
  }
}

/** The shape of what a path of members and elements leads to; undefined for what is no such path. */
function shapeOf(node: ASTNode, scope: Scope): ValueShape | undefined {
  if (node.op === 'id') return scope.get(String(node.args));
  if (node.op !== '.' && node.op !== '.?' && node.op !== '[]' && node.op !== '[?]') return undefined;
  const [from, step] = node.args as [ASTNode, ASTNode | string];
  const key = typeof step === 'string' ? step : step.op === 'value' ? (step.args as unknown) : undefined;
  // A map may have integers and booleans for keys, but not one that was JSON; `__proto__` is no ordinary member.
  if ((typeof key !== 'string' && typeof key !== 'bigint') || key === '__proto__') return undefined;
  const parent = shapeOf(from, scope);
  if (parent === undefined) return undefined;
  if (typeof key === 'bigint') {
    parent.items ??= newShape();
    return parent.items;
  }
  let child = parent.keys.get(key);
  if (child === undefined) {
    child = newShape();
    parent.keys.set(key, child);
  }
  return child;
}

/** The nodes in a node's arguments. */
export function children(args: unknown): ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(children);
  return typeof args === 'object' && args !== null && 'op' in args ? [args as ASTNode] : [];
}

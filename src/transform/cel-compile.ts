import { RE2JSSyntaxException } from '@bufbuild/re2';
import type { ASTNode } from '@marcbachmann/cel-js';
import { WatershardError } from '../model/errors.ts';
import { compilePattern, environment, SAFE_JOIN, SAFE_MATCHES } from './cel-environment.ts';
import { children } from './value-shape.ts';

const MAX_LENGTH = 4096;
/** Loops within loops; `cel.bind` within `cel.bind`, each of which can double a value. */
const MAX_LOOPS = 2;
const MAX_BINDS = 4;
/** Turns of all loops of one evaluation: a quarter of a second with cheap predicates. */
const MAX_TURNS = 1_000_000;

const LOOPS: ReadonlySet<unknown> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

export interface CompiledExpression {
  /** The type that the checker found, in CEL's words: `int`, `list<string>`, `dyn`. */
  readonly type: string;
  readonly ast: ASTNode;
  /** @throws what the expression throws; EvaluationError of the library for most */
  evaluate(object: unknown): unknown;
}

/**
 * @param where names the expression in errors: `rules[0].extract.phase`
 * @throws WatershardError EXPRESSION_INVALID with the position and what to do
 */
export function compileExpression(expression: string, where: string): CompiledExpression {
  const invalid = (why: string, at: { start: number } | undefined): WatershardError =>
    new WatershardError(
      'EXPRESSION_INVALID',
      `${where}: ${why}${position(expression, at?.start)}: ${excerpt(expression)}`,
    );
  if (expression.length > MAX_LENGTH)
    throw invalid(`the expression is longer than ${MAX_LENGTH} characters`, undefined);

  let parsed: ReturnType<typeof environment.parse>;
  try {
    parsed = environment.parse(expression);
  } catch (error) {
    throw invalid(summary(error), (error as { range?: { start: number } }).range);
  }
  const budget = { turns: 0 };
  walk(parsed.ast, 0, 0, (node, loops, binds) => {
    if (loops > MAX_LOOPS) {
      throw invalid(`loops are nested deeper than ${MAX_LOOPS}; extract the inner list as a field of its own`, node);
    }
    if (binds > MAX_BINDS) throw invalid(`cel.bind is nested deeper than ${MAX_BINDS}; write the values out`, node);
    if (node.op === 'rcall' && LOOPS.has(node.args[0])) limitTurns(node, budget);
    const fault = makeSafe(node);
    if (fault !== undefined) throw invalid(fault, node);
  });
  const checked = parsed.check();
  if (!checked.valid) {
    const why = summary(checked.error).replaceAll(SAFE_MATCHES, 'matches').replaceAll(SAFE_JOIN, 'join');
    const hint = why.startsWith('Unknown variable') ? '; the only variable is `object`' : '';
    throw invalid(why + hint, checked.error?.range);
  }
  return {
    type: checked.type ?? 'dyn',
    ast: parsed.ast,
    evaluate: (object) => {
      budget.turns = MAX_TURNS;
      return parsed({ object });
    },
  };
}

/** What an error of the library says, without its drawing of the expression. */
export function summary(error: unknown): string {
  const text = (error as { summary?: unknown } | undefined)?.summary;
  if (typeof text === 'string') return text;
  return error instanceof Error ? error.message : String(error);
}

/** Codes of the library's errors that quote a value. */
const QUOTING: ReadonlySet<unknown> = new Set(['invalid_duration', 'bool_conversion_error', 'unsupported_type']);

/** What an error of an evaluation says, without values of the object: a log must not hold any. */
export function summaryWithoutValues(error: unknown): string {
  if (error instanceof RE2JSSyntaxException) return `error parsing regexp: ${error.error}`;
  const { code } = Object(error) as { code?: unknown };
  // those of our own are plain ones; JavaScript's quote names of time zones
  const quotes = code === undefined ? Object(error).constructor !== Error : QUOTING.has(code);
  return quotes ? summary(error).replace(/: .*$/s, '') : summary(error);
}

function position(expression: string, start: number | undefined): string {
  if (start === undefined) return '';
  const before = expression.slice(0, start).split('\n');
  return ` (line ${before.length}, column ${(before.at(-1) as string).length + 1})`;
}

function excerpt(expression: string): string {
  return expression.length > 200 ? `${expression.slice(0, 200)}…` : expression;
}

/** Visits every node with the number of loops and of `cel.bind` it stands in, itself included. */
function walk(
  node: ASTNode,
  loops: number,
  binds: number,
  visit: (node: ASTNode, loops: number, binds: number) => void,
): void {
  if (node.op !== 'rcall') {
    visit(node, loops, binds);
    for (const child of children(node.args)) walk(child, loops, binds, visit);
    return;
  }
  const [name, receiver, args] = node.args;
  const isBind = name === 'bind' && receiver.op === 'id' && receiver.args === 'cel';
  const innerLoops = loops + (LOOPS.has(name) ? 1 : 0);
  const innerBinds = binds + (isBind ? 1 : 0);
  visit(node, innerLoops, innerBinds);
  // What is looped over is evaluated once, outside of the loop.
  walk(receiver, loops, binds, visit);
  for (const child of args) walk(child, innerLoops, innerBinds, visit);
}

/**
 * The library refuses another overload of `matches` and `join`, and its serializer loses parentheses (`a - (b - c)`), so the name is
 * changed in the tree, before the check binds it to a function.
 * @returns why the pattern is no regular expression, where it is a literal
 */
function makeSafe(node: ASTNode): string | undefined {
  if (node.op !== 'rcall') return undefined;
  if (node.args[0] === 'join') (node.args as unknown[])[0] = SAFE_JOIN;
  if (node.args[0] !== 'matches') return undefined;
  (node.args as unknown[])[0] = SAFE_MATCHES;
  const pattern = node.args[2][0];
  if (pattern?.op !== 'value' || typeof pattern.args !== 'string') return undefined;
  try {
    compilePattern(pattern.args);
    return undefined;
  } catch (error) {
    return `${summary(error)} (regular expressions have the syntax of RE2)`;
  }
}

type Evaluate = (evaluator: unknown, node: unknown, context: unknown) => unknown;

/**
 * The library has no limit on evaluation. Each loop, and each turn of it, passes through the nodes that are counted here:
 * the call itself and its predicate. A node replaces its own `evaluate` at its first run, hence the setter.
 */
function limitTurns(loop: Extract<ASTNode, { op: 'rcall' }>, budget: { turns: number }): void {
  for (const node of [loop, ...loop.args[2].slice(1)]) {
    let inner = (node as unknown as { evaluate: Evaluate }).evaluate;
    const counted: Evaluate = (evaluator, _node, context) => {
      if (budget.turns-- <= 0) throw TOO_MANY_TURNS;
      return inner.call(node, evaluator, node, context);
    };
    Object.defineProperty(node, 'evaluate', {
      configurable: true,
      get: () => counted,
      set: (evaluate: Evaluate) => {
        inner = evaluate;
      },
    });
  }
}

/** Made once: `all` and `exists` swallow errors turn by turn, and a stack trace for each would cost more than the turn. */
const TOO_MANY_TURNS = new Error(`more than ${MAX_TURNS} turns of loops`);

import { WatershardError } from '../model/errors.ts';
import type { Resource, Stream } from '../model/resource.ts';
import { resourceName } from '../model/resource.ts';
import { compileExpression } from './cel-compile.ts';
import type { RuleConfig } from './config.ts';
import { parsePath } from './paths.ts';
import type { FieldPlan, LanePlan, StreamPlan } from './plan.ts';

/** Says whether a name of a rule means the resource. */
export type NamesResource = (name: string, resource: Resource) => boolean;

export interface StreamPlanning {
  readonly stream: Stream;
  readonly cluster: string;
  readonly clusterUid: string;
  readonly rules: readonly RuleConfig[];
  readonly lanes: readonly LanePlan[];
  /** Knows short names and what else is served; without it, `namesResource` decides. */
  readonly names?: NamesResource;
}

const PRUNED_EVERYWHERE = ['metadata.managedFields'];
const REDACTED_IN_SECRETS = ['data', 'stringData'];

/** The rules that name the stream's resource, merged in order. `split` is for whoever gives out shards: `streamSplit`. */
export function planStream({
  stream,
  cluster,
  clusterUid,
  rules,
  lanes,
  names = namesResource,
}: StreamPlanning): StreamPlan {
  const { resource } = stream;
  const matching = rules.filter((rule) => rule.resources.some((name) => names(name, resource)));
  const fields = new Map<string, FieldPlan>();
  for (const rule of matching) {
    for (const [name, field] of Object.entries(rule.extract ?? {})) fields.set(name, fieldPlan(name, field));
  }
  return {
    stream,
    cluster,
    clusterUid,
    redact: redactedPaths(resource, matching, names),
    prune: unique([...PRUNED_EVERYWHERE, ...matching.flatMap((rule) => rule.prune ?? [])]),
    ignore: unique(matching.flatMap((rule) => rule.ignore ?? [])),
    extract: [...fields.values()],
    diff: matching.findLast((rule) => rule.diff !== undefined)?.diff ?? 'none',
    lanes,
  };
}

/** Over how many shards the resource's streams are split: 1 where no rule says otherwise. */
export function streamSplit(
  resource: Resource,
  rules: readonly RuleConfig[],
  names: NamesResource = namesResource,
): number {
  const matching = rules.filter((rule) => rule.resources.some((name) => names(name, resource)));
  return matching.findLast((rule) => rule.split !== undefined)?.split ?? 1;
}

/**
 * `*`, `*.<group>`, `<resource>.<group>`, `<resource>` (of whatever group), or the kind in the place of the resource.
 * Letter case does not matter.
 */
export function namesResource(name: string, resource: Resource): boolean {
  if (name === '*') return true;
  const dot = name.indexOf('.');
  const word = (dot === -1 ? name : name.slice(0, dot)).toLowerCase();
  if (dot !== -1 && name.slice(dot + 1) !== resource.group) return false;
  return word === '*' || word === resource.resource || word === resource.kind.toLowerCase();
}

/**
 * `redact: false` takes back the default for Secrets, nothing else, and only in a rule that names them: with a wildcard it
 * would lay Secrets open by the way.
 */
function redactedPaths(resource: Resource, matching: readonly RuleConfig[], names: NamesResource): string[] {
  const paths = matching.flatMap((rule) => (rule.redact === undefined || rule.redact === false ? [] : rule.redact));
  if (resourceName(resource) !== 'secrets') return unique(paths);
  const laidOpen = matching.some(
    (rule) => rule.redact === false && rule.resources.some((name) => !name.startsWith('*') && names(name, resource)),
  );
  return unique(laidOpen ? paths : [...REDACTED_IN_SECRETS, ...paths]);
}

function fieldPlan(name: string, field: NonNullable<RuleConfig['extract']>[string]): FieldPlan {
  if (typeof field === 'string') return { name, expression: field };
  return { name, expression: field.expression, ...(field.type === undefined ? {} : { type: field.type }) };
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

/**
 * Compiles what can only be judged by compiling it.
 * @throws WatershardError EXPRESSION_INVALID, PATH_INVALID, naming `rules[i].extract.name` or `rules[i].prune[j]`
 */
export function checkRules(rules: readonly RuleConfig[]): void {
  for (const [i, rule] of rules.entries()) {
    for (const [name, field] of Object.entries(rule.extract ?? {})) {
      compileExpression(fieldPlan(name, field).expression, `rules[${i}].extract.${name}`);
    }
    for (const list of ['prune', 'ignore', 'redact'] as const) {
      for (const [j, path] of (rule[list] || []).entries()) checkPath(path, `rules[${i}].${list}[${j}]`);
    }
  }
}

function checkPath(path: string, where: string): void {
  try {
    parsePath(path);
  } catch (error) {
    if (!(error instanceof WatershardError)) throw error;
    throw new WatershardError(error.code, `${where}: ${error.message}`, { cause: error });
  }
}

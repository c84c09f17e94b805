import type { Served } from './cluster.ts';
import type { Selection } from './selectors.ts';
import type { ShardSelection } from './shard-selector.ts';
import type { Template } from './template.ts';
import type { Moment } from './template-fields.ts';

/** What a client asked to see of a resource. */
export interface View {
  readonly served: Served;
  readonly selection: Selection;
  readonly metadataOnly: boolean;
  readonly shard?: ShardSelection | undefined;
}

/** @returns undefined where the client does not see the object, else its template */
export function visible(view: View, moment: Moment): Template | undefined {
  const template = view.served.template(moment, view.metadataOnly);
  if (!view.selection.template(template)) return undefined;
  if (view.selection.name !== undefined && !view.selection.name(template.nameOf(moment))) return undefined;
  if (view.shard !== undefined && !view.shard.has(template, moment)) return undefined;
  return template;
}

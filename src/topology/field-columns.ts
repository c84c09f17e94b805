import type { FieldColumn } from '../model/field-type.ts';
import { staticType } from '../transform/extract.ts';
import type { StreamPlan } from '../transform/plan.ts';

/** What the rules of a stream extract, for exporters that lay columns out by it. */
export function fieldColumns(plan: StreamPlan | undefined): readonly FieldColumn[] {
  return (plan?.extract ?? []).map(({ name, expression, type = staticType(expression) }) => ({
    name,
    ...(type === undefined ? {} : { type }),
  }));
}

import { z } from 'zod';
import { FIELD_TYPES } from '../model/field-type.ts';

const PATH_FORM = "Paths are written like metadata.annotations['example.com/key'] or spec.containers[*].env.";
const paths = z.array(z.string().min(1));

const expression = z.string().min(1).max(4096);

const fieldConfig = z.union([
  expression,
  z.strictObject({
    expression: expression.describe('CEL over the variable `object`.'),
    type: z
      .enum(FIELD_TYPES)
      .optional()
      .describe(
        'Type of the field. A result of another type becomes null and is counted; an int is taken for a double, and anything for json.',
      ),
  }),
]);

const ruleConfig = z.strictObject({
  resources: z
    .array(z.string().min(1))
    .min(1)
    .describe('What the rule is for: `pods`, `deployments.apps`, `*.apps` for a group, or `*` for everything.'),
  prune: paths.optional().describe(`Paths that are cut out of the object, beside metadata.managedFields. ${PATH_FORM}`),
  ignore: paths
    .optional()
    .describe(
      `Paths in which a difference alone makes no record, beside metadata.resourceVersion and metadata.managedFields. ${PATH_FORM}`,
    ),
  redact: z
    .union([paths, z.literal(false)])
    .optional()
    .describe(
      `Paths whose values are replaced by a placeholder. Secrets have \`data\` and \`stringData\` redacted unless a rule that names them sets this to false. ${PATH_FORM}`,
    ),
  extract: z
    .record(
      z
        .string()
        .regex(
          /^[A-Za-z_][A-Za-z0-9_]{0,62}$/,
          'a field name is up to 63 letters, digits and underscores, and does not begin with a digit',
        ),
      fieldConfig,
    )
    .optional()
    .describe(
      'Fields by name: a CEL expression over `object`, or an expression with a type. A missing key makes the field null.',
    ),
  diff: z
    .enum(['none', 'merge-patch', 'json-patch'])
    .optional()
    .describe(
      'Send the change from the last delivered state too: JSON Merge Patch (RFC 7396) or JSON Patch (RFC 6902). Costs memory for that state. Default: none.',
    ),
  split: z
    .int()
    .min(1)
    .max(64)
    .optional()
    .describe('Over how many shards a busy resource is split, by object. Default: 1.'),
});

export const rulesConfig = z
  .array(ruleConfig)
  .describe(
    'What is done with the objects of a resource. All rules that name it apply, in order: lists of paths add up, fields add up by name, and of diff and split the last one counts.',
  );

export type RuleConfig = z.output<typeof ruleConfig>;

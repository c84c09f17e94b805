import { z } from 'zod';
import { exporterOptions } from '../options.ts';

export const fileConfig = z.strictObject({
  ...exporterOptions,
  type: z.literal('file'),
  path: z
    .string()
    .min(1)
    .describe('File that lines are appended to; it is made with its folders. "-" is the standard output.'),
  encoding: z.enum(['json', 'cloudevents']).default('json').describe('How a record is written, one a line.'),
});

export type FileConfig = z.output<typeof fileConfig>;

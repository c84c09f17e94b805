import { stringify } from 'yaml';
import { redactConfig } from './redact.ts';

/** A configuration as YAML that can be shown, below comments, one a line; secrets are masked, references to variables stay. */
export function yamlText(config: unknown, comments: readonly string[]): string {
  const head = comments.map((comment) => `# ${comment}\n`).join('');
  return head + stringify(redactConfig(config), { lineWidth: 0, aliasDuplicateObjects: false });
}

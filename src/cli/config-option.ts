import type { Command } from 'commander';
import { loadConfig, parseConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';

export const CONFIG_OPTION = ['-c, --config <file>', 'the configuration, a YAML file'] as const;

/** Reads the file and does every check that needs no server. The topology's are loaded late: they bring the CEL compiler. */
export async function loadChecked(file: string): Promise<Config> {
  const { checkConfig } = await import('../topology/check.ts');
  return loadConfig(file, { checks: [checkConfig] });
}

/** The same for a configuration that was made of something else; `name` stands for the file in messages. */
export async function parseChecked(
  text: string,
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Config> {
  const { checkConfig } = await import('../topology/check.ts');
  return parseConfig(text, name, { environment, checks: [checkConfig] });
}

/** Checked here, since commander would tell a missing option before a misspelt one. */
export function requireConfig(options: { readonly config?: string }, command: Command, alternative = ''): string {
  return options.config ?? command.error(`error: give --config FILE${alternative}`);
}

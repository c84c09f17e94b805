import { Command } from 'commander';
import { redactConfig } from '../config/redact.ts';
import { type Config, jsonSchema } from '../config/schema.ts';
import { configHints } from '../config/semantics.ts';
import { CONFIG_OPTION, loadChecked, requireConfig } from './config-option.ts';

interface Options {
  readonly config?: string;
  readonly schema?: true;
  readonly printConfig?: true;
}

export function validateCommand(): Command {
  return new Command('validate')
    .summary('check a configuration without running it')
    .description(
      'Checks a configuration without connecting to anything: prints what would run, or every problem with its line.',
    )
    .option(...CONFIG_OPTION)
    .option('--schema', 'print the JSON Schema of the configuration, for editors')
    .option('--print-config', 'print the configuration with all defaults as JSON; passwords are masked')
    .addHelpText(
      'after',
      '\nExamples:\n  watershard validate --config watershard.yaml\n  watershard validate --schema > watershard.schema.json\n    # and in the YAML file: # yaml-language-server: $schema=watershard.schema.json',
    )
    .action(async (options: Options, command: Command) => {
      if (options.schema) return console.log(JSON.stringify(jsonSchema(), null, 2));
      const file = requireConfig(options, command, ', or --schema');
      const config = await loadChecked(file);
      if (options.printConfig) return console.log(JSON.stringify(redactConfig(config), null, 2));
      console.log(summary(file, config));
    });
}

/** What would run, a line a part. */
function summary(file: string, config: Config): string {
  const { watch, state } = config;
  const list = (names: readonly string[]) => names.join(', ');
  const namespaces =
    watch.namespaces.include.length > 0
      ? `namespaces ${list(watch.namespaces.include)}`
      : watch.namespaces.exclude.length > 0
        ? `all namespaces but ${list(watch.namespaces.exclude)}`
        : 'all namespaces';
  const lines: [string, string][] = [
    ['cluster', config.cluster.name],
    ['kubeconfig', config.kubeconfig ?? 'as kubectl finds it'],
    [
      'watch',
      `${list(watch.resources)}${watch.exclude.length > 0 ? `, without ${list(watch.exclude)}` : ''}; ${namespaces}`,
    ],
    ...(watch.shard === undefined
      ? []
      : [['shard', `${watch.shard.index} of ${watch.shard.count}, by ${watch.shard.key}`] satisfies [string, string]]),
    ['rules', config.rules.map((r) => list(r.resources)).join('; ') || 'none'],
    ['workers', String(config.workers)],
    ['state', state.url === undefined ? `embedded, in ${config.dataDir}` : String(redactConfig(state.url))],
    ...config.exporters.map((e): [string, string] => [
      'exporter',
      `${e.name}: ${e.type}${e.required ? '' : ', not required'}`,
    ]),
    ['operations', config.ops === false ? 'off' : config.ops.listen],
  ];
  const hints = configHints(config).map((hint) => `hint: ${hint}`);
  return [`OK: ${file}`, ...lines.map(([name, text]) => `  ${name.padEnd(10)}  ${text}`), ...hints].join('\n');
}

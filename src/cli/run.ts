import { Command } from 'commander';
import type { Config } from '../config/schema.ts';
import { readText } from '../config/source.ts';
import { CONFIG_OPTION, parseChecked, requireConfig } from './config-option.ts';
import { EXIT } from './failure.ts';
import { runSession } from './session.ts';

export function runCommand(): Command {
  return new Command('run')
    .summary('stream every change until SIGTERM')
    .description(
      'Lists and watches what the configuration names, and delivers each change to every exporter until SIGTERM or SIGINT; then drains.\nA changed configuration file is applied without a restart (also with SIGHUP). A start continues where the last one was acknowledged.',
    )
    .option(...CONFIG_OPTION)
    .option(
      '--relist',
      'list everything at the start and compare it by content with what is known: for once, after etcd was restored from a backup',
    )
    .addHelpText('after', '\nExample:\n  watershard run --config watershard.yaml')
    .action(async (options: { config?: string; relist?: boolean }, command: Command) => {
      const file = requireConfig(options, command);
      const text = readText(file);
      const parse = (changed: string): Promise<Config> => parseChecked(changed, file, process.env);
      const outcome = await runSession(await parse(text), {
        mode: 'run',
        relist: options.relist === true,
        source: { file, text, parse },
      });
      process.exitCode = outcome.delivered ? EXIT.ok : EXIT.failed;
    });
}

import { Command } from 'commander';
import { CONFIG_OPTION, loadChecked, requireConfig } from './config-option.ts';
import { EXIT } from './failure.ts';
import { runSession } from './session.ts';

export function runCommand(): Command {
  return new Command('run')
    .summary('stream every change until SIGTERM')
    .description(
      'Lists and watches what the configuration names, and delivers each change to every exporter until SIGTERM or SIGINT; then drains.\nA start continues where the last one was acknowledged.',
    )
    .option(...CONFIG_OPTION)
    .option(
      '--relist',
      'list everything at the start and compare it by content with what is known: for once, after etcd was restored from a backup',
    )
    .addHelpText('after', '\nExample:\n  watershard run --config watershard.yaml')
    .action(async (options: { config?: string; relist?: boolean }, command: Command) => {
      const config = await loadChecked(requireConfig(options, command));
      const outcome = await runSession(config, { mode: 'run', relist: options.relist === true });
      process.exitCode = outcome.delivered ? EXIT.ok : EXIT.failed;
    });
}

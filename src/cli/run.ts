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
    .addHelpText('after', '\nExample:\n  watershard run --config watershard.yaml')
    .action(async (options: { config?: string }, command: Command) => {
      const config = await loadChecked(requireConfig(options, command));
      const outcome = await runSession(config, { mode: 'run' });
      process.exitCode = outcome.delivered ? EXIT.ok : EXIT.failed;
    });
}

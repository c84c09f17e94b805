import { Command } from 'commander';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { kollectCommand } from './kollect.ts';
import { previewCommand } from './preview.ts';
import { queryCommand } from './query.ts';
import { runCommand } from './run.ts';
import { simulateCommand } from './simulate.ts';
import { snapshotCommand } from './snapshot.ts';
import { validateCommand } from './validate.ts';
import { packageVersion } from './version.ts';
import { watchProxyCommand } from './watch-proxy.ts';

const GUIDE = `
Examples:
  watershard demo                                   try it: a simulated cluster, a live page, Parquet files
  watershard validate --config watershard.yaml      check a configuration
  watershard doctor --config watershard.yaml        check everything that a run would meet, and what to do
  watershard preview --config watershard.yaml       show what would be sent, without sending it
  watershard run --config watershard.yaml           stream until SIGTERM
  watershard snapshot --config watershard.yaml      list once, deliver, exit
  watershard query --config watershard.yaml         ask the Parquet tables with SQL

The smallest configuration:
  cluster: { name: demo }
  exporters:
    - { name: bus, type: jetstream, servers: ["nats://127.0.0.1:4222"], stream: K8S }

Credentials come from the environment: write \${NAME} or \${NAME:-default} in the file.

Exit codes:
  0  all is well: the run was drained, the snapshot delivered, the configuration is valid
  1  it failed, a check did, or not everything was delivered (that is sent after the next start)
  2  the configuration or the command line is wrong`;

/** The commands; `--debug` is read by main before them, and stands here for the help. */
export function createProgram(): Command {
  const program = new Command('watershard')
    .description('Streams what happens in a Kubernetes cluster to NATS JetStream and Parquet, durably.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .helpCommand('help [command]', 'explain a command')
    .addHelpText('after', GUIDE);
  const commands = [
    runCommand,
    snapshotCommand,
    validateCommand,
    doctorCommand,
    previewCommand,
    queryCommand,
    kollectCommand,
    watchProxyCommand,
    demoCommand,
    simulateCommand,
  ];
  for (const command of commands.map((create) => create())) {
    // these have flags and a help of their own
    if (!['simulate', 'watch-proxy'].includes(command.name()))
      command.copyInheritedSettings(program).option('--debug', 'show the stack of an error');
    program.addCommand(command);
  }
  for (const command of [program, ...program.commands])
    command
      .exitOverride()
      .showSuggestionAfterError()
      .showHelpAfterError(`(watershard ${command === program ? '' : `${command.name()} `}--help explains it)`);
  return program;
}

import { Command } from 'commander';
import { EXIT } from './failure.ts';
import { ended, startSimulator } from './simulator-process.ts';
import { stopSignal } from './stop-signal.ts';

export function simulateCommand(): Command {
  return new Command('simulate')
    .summary('serve a simulated Kubernetes API')
    .description(
      'Serves a simulated Kubernetes API with objects that change, on 127.0.0.1, for trying things out and for measuring.',
    )
    .argument('[flags...]', 'flags of the simulator; `watershard simulate --help` lists them')
    .helpOption(false)
    .allowUnknownOption()
    .action(async (_flags: string[], _options: unknown, command: Command) => {
      const simulator = startSimulator(command.args, 'inherit');
      const stopping = stopSignal(() => simulator.kill('SIGTERM'));
      const code = await ended(simulator).finally(stopping.release);
      // a signal to the whole process group reaches it twice, and the second one ends it at once: that is no failure
      process.exitCode = stopping.signal.aborted && simulator.exitCode === null ? EXIT.ok : code;
    });
}

import { closeSync, openSync } from 'node:fs';

/**
 * A signal that is aborted by SIGTERM or SIGINT, so that what runs can drain; a second one ends the process at once. SIGHUP does the
 * same where it means that the terminal was closed; else it means to read the configuration again, where that is followed.
 * @param onStop called once, with the name of the signal that came
 * @param followed the configuration file is followed
 */
export function stopSignal(
  onStop: (signal: NodeJS.Signals) => void,
  followed = false,
): {
  readonly signal: AbortSignal;
  release(): void;
} {
  const controller = new AbortController();
  // Who began with nohup wants to outlive the terminal: then none of these is one.
  const hadTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY) && hasTerminal();
  const handle = (name: NodeJS.Signals) => {
    if (name === 'SIGHUP') {
      // Both the kernel and the shell may send one for the same closing.
      if (controller.signal.aborted || (followed && !(hadTerminal && !hasTerminal()))) return;
    } else if (controller.signal.aborted) process.exit(1);
    onStop(name);
    controller.abort(new Error(`${name} was received`));
  };
  process.on('SIGTERM', handle).on('SIGINT', handle).on('SIGHUP', handle);
  return {
    signal: controller.signal,
    release: () => void process.off('SIGTERM', handle).off('SIGINT', handle).off('SIGHUP', handle),
  };
}

/** Whether a terminal controls the process. It is asked for by its name: where it has been closed, that cannot be opened. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false; // of whatever kind the failure is
  }
}

/**
 * A signal that is aborted by SIGTERM or SIGINT, so that what runs can drain; a second one ends the process at once.
 * @param onStop called once, with the name of the signal that came
 */
export function stopSignal(onStop: (signal: NodeJS.Signals) => void): {
  readonly signal: AbortSignal;
  release(): void;
} {
  const controller = new AbortController();
  const handle = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(1);
    onStop(name);
    controller.abort(new Error(`${name} was received`));
  };
  process.on('SIGTERM', handle).on('SIGINT', handle);
  return {
    signal: controller.signal,
    release: () => void process.off('SIGTERM', handle).off('SIGINT', handle),
  };
}

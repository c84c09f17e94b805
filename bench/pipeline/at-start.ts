import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { isMainThread } from 'node:worker_threads';

/*
 * Loaded before the program that is measured (`node --import`). Gives each worker thread the name of its entry, so that
 * /proc tells them apart, and leaves the process' own usage when it ends, where /proc has nothing any more.
 */

const ENTRY = /\/workers\/(\w+)\.[jt]s$/;

if (isMainThread) {
  const file = process.env.WATERSHARD_BENCH_USAGE;
  process.once('exit', () => {
    if (file === undefined) return;
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    writeFileSync(
      file,
      JSON.stringify({ user: userCPUTime / 1e6, system: systemCPUTime / 1e6, maxRss: maxRSS * 1024 }),
    );
  });
} else {
  registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context);
      const entry = ENTRY.exec(resolved.url)?.[1];
      if (entry !== undefined) writeFileSync('/proc/thread-self/comm', entry);
      return resolved;
    },
  });
}

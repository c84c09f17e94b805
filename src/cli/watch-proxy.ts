import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import type { Config } from '../config/schema.ts';
import { readSource } from '../config/source.ts';
import { type Translation, translateWatchProxy } from '../config/watch-proxy.ts';
import { readWatchProxyForm } from '../config/watch-proxy-form.ts';
import { yamlText } from '../config/yaml-text.ts';
import { codedMessage } from '../model/errors.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { parseChecked } from './config-option.ts';
import { EXIT } from './failure.ts';
import { goFlags } from './go-flags.ts';
import { runSession } from './session.ts';
import { stopSignal } from './stop-signal.ts';
import { servePages } from './watch-proxy-pages.ts';

/** The later one is of the time when it was called Quartermaster. */
const PLACES = ['/etc/watch-proxy/config.yaml', '/etc/quartermaster/config.yaml'];
/** The volume of watch-proxy's own manifests. */
const VOLUME = '/watch-proxy';
/** How often the file is looked at, as watch-proxy does. */
const RELOAD_MS = 10_000;

const FLAGS = {
  c: 'text',
  kubeconfig: 'text',
  'data-dir': 'text',
  listen: 'text',
  'print-config': 'boolean',
  h: 'boolean',
  help: 'boolean',
  debug: 'boolean',
  // of its logging; they are taken, and change nothing
  alsologtostderr: 'boolean',
  logtostderr: 'boolean',
  log_backtrace_at: 'text',
  log_dir: 'text',
  stderrthreshold: 'text',
  v: 'text',
  vmodule: 'text',
} as const;

const HELP = `Usage: watershard watch-proxy [flags]

Does what VMware's watch-proxy (Quartermaster) does, with its configuration as it is, and loses nothing.

  -c FILE           its configuration (default ${PLACES.join(', then ')})
  -kubeconfig FILE  the kubeconfig (default: KUBECONFIG, ~/.kube/config, then in-cluster)
  -data-dir FOLDER  where the state is kept (default ${VOLUME} where that can be written, else ./watershard-data)
  -listen ADDRESS   where the live page and /status are (default 127.0.0.1:8081, or :8082 where the file uses that)
  -print-config     print the ordinary configuration that it is translated to, and what differs, and exit
  -help             print this

The flags of its logging are taken, and change nothing. When the file changes, it is read again within 10 s.
`;

export function watchProxyCommand(): Command {
  return new Command('watch-proxy')
    .summary('run a configuration of watch-proxy (Quartermaster)')
    .description('Takes a configuration of watch-proxy as it is.')
    .argument('[flags...]', 'flags of watch-proxy; `watershard watch-proxy -help` lists them')
    .helpOption(false)
    .allowUnknownOption()
    .action(async (_flags: string[], _options: unknown, command: Command) => {
      const flags = goFlags(command.args, FLAGS);
      if (flags.has('h') || flags.has('help')) return console.log(HELP.trimEnd());
      const file = flags.get('c') ?? PLACES.find((place) => existsSync(place)) ?? PLACES[0]!;
      const load = (): Translation => {
        const kubeconfig = flags.get('kubeconfig') ?? '';
        const listen = flags.get('listen');
        return translateWatchProxy(readWatchProxyForm(readSource(file), file), {
          ...(kubeconfig === '' ? {} : { kubeconfig }),
          dataDir: flags.get('data-dir') ?? defaultFolder(),
          ...(listen === undefined ? {} : { listen }),
        });
      };
      if (flags.has('print-config')) return console.log(printed(load(), file).trimEnd());
      process.exitCode = (await watch(file, load)) ? EXIT.ok : EXIT.failed;
    });
}

/** Runs until a signal; what the file says then takes the place of what it said before, which is drained first. */
async function watch(file: string, load: () => Translation): Promise<boolean> {
  let translation = load();
  let config = await configOf(translation, file);
  const logger = createLogger(config.log);
  const stopping = stopSignal(() => undefined);
  try {
    for (;;) {
      for (const note of translation.notes) logger.warn({ file }, note);
      const changed = new AbortController();
      const reload = onChange(
        file,
        async () => {
          const next = load();
          if (JSON.stringify(next) === JSON.stringify(translation)) return;
          config = await configOf(next, file);
          translation = next;
          logger.info({ file }, 'the file has changed; what is in flight is delivered, then it goes on by the new one');
          changed.abort(new Error('the configuration has changed'));
        },
        logger,
      );
      const stop = AbortSignal.any([changed.signal, stopping.signal]);
      const delivered = await session(config, translation, stop, logger).finally(() => clearInterval(reload));
      if (stopping.signal.aborted || !changed.signal.aborted) return delivered;
    }
  } finally {
    stopping.release();
  }
}

async function session(config: Config, translation: Translation, stop: AbortSignal, logger: Logger): Promise<boolean> {
  let url: string | undefined;
  const pages = await servePages(translation, () => url, join(config.dataDir, 'healthy'), logger);
  try {
    const onServing = (served: string): void => {
      url = served;
    };
    return (await runSession(config, { mode: 'run', stop, logger, onServing })).delivered;
  } finally {
    await pages.close();
  }
}

/** A file that cannot be read, or is wrong, changes nothing: it is said, and looked at again when it changes again. */
function onChange(file: string, changed: () => Promise<void>, logger: Logger): NodeJS.Timeout {
  let seen = modified(file);
  return setInterval(() => {
    const now = modified(file);
    if (now === seen) return;
    seen = now;
    changed().catch((e: unknown) =>
      logger.error({ file, err: codedMessage(e) }, 'the changed file cannot be used; it goes on as before'),
    );
  }, RELOAD_MS).unref();
}

function modified(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Go reads these variables without the line break at their end, which a file of a secret often has. */
async function configOf({ config, variables }: Translation, file: string): Promise<Config> {
  const own = variables.map((name) => [name, process.env[name]?.replace(/\n$/, '')]);
  return await parseChecked(JSON.stringify(config), `translated from ${file}`, {
    ...process.env,
    ...Object.fromEntries(own),
  });
}

function printed({ config, notes, metrics, liveness }: Translation, file: string): string {
  const pages = [
    metrics && `metrics on :${metrics.port}${metrics.path}`,
    liveness && `liveness on :${liveness.port}${liveness.path}`,
  ];
  const served = pages.filter((page) => page !== undefined);
  return yamlText(config, [
    `Translated from ${file}; run it with: watershard run --config FILE`,
    ...(served.length === 0
      ? []
      : [
          `watershard watch-proxy serves ${served.join(' and ')} too; with run these are /metrics and /livez of ops.listen.`,
        ]),
    ...notes,
  ]);
}

function defaultFolder(): string {
  try {
    accessSync(VOLUME, constants.W_OK);
    return VOLUME;
  } catch {
    return './watershard-data'; // no such volume here, or not for this user
  }
}

import { createHash } from 'node:crypto';
import { ConfigFile } from '../config/config-file.ts';
import { redactUrls } from '../config/redact.ts';
import type { Config } from '../config/schema.ts';
import { asError, codedMessage, errorMessage, WatershardError } from '../model/errors.ts';
import type { ConfigStatus, ReloadResult, ReloadStatus } from '../model/status.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { changeBetween, type HoldUp, heldUpByChange } from './config-changes.ts';

/** How often a start is looked at that takes long. */
const LOOK_MS = 250;

/** A configuration, and the file as it was when it was read. */
export interface LoadedConfig {
  readonly file: string;
  readonly text: string;
  readonly config: Config;
}

export interface ReloadsOptions {
  /** Reads and checks what the file says. @throws WatershardError of class `configuration` */
  readonly parse: (text: string) => Promise<Config>;
  /** What the one that runs waits for in order to start. */
  readonly holdUps: () => readonly HoldUp[];
  /** Applies what needs no restart. */
  readonly applyLive: (config: Config) => void;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** A configuration and what it is called. */
interface Version {
  readonly config: Config;
  readonly hash: string;
}

/**
 * Follows the configuration file (and SIGHUP), and says which configuration shall run: the one of the file once it is found
 * valid, and again the one before where that does not start.
 */
export class Reloads {
  readonly #options: ReloadsOptions;
  readonly #source: ConfigFile;
  readonly #file: string;
  #running: Version;
  /** It shall run in place of the one that runs. */
  #next: Version | undefined;
  /** It has run, and runs again where the present one does not start. */
  #former: Version | undefined;
  /** The required exporters of the one that runs have started. */
  #started = false;
  /** It came from a change of the file and has not started. */
  #applying = false;
  #change = new AbortController();
  #since = Date.now();
  #lastReload: ReloadStatus | undefined;
  #looking: Promise<void> = Promise.resolve();
  readonly #onHangup = (): void => this.#source.ask();

  constructor({ file, text, config }: LoadedConfig, options: ReloadsOptions) {
    this.#options = options;
    this.#file = file;
    this.#running = { config, hash: hashOf(text) };
    this.#source = new ConfigFile(file, text, {
      text: (changed) => {
        this.#looking = this.#looking.then(() => this.#read(changed));
      },
      unreadable: (error) => this.#refuse('invalid', error),
      polling: (reason) =>
        options.logger.warn({ file, reason }, 'changes of the configuration are not told of; it is looked at instead'),
    });
    this.#inUse();
  }

  get config(): Config {
    return this.#running.config;
  }

  /** What ran is drained for another one, or that one is starting. */
  get reloading(): boolean {
    return this.#next !== undefined || this.#applying;
  }

  get status(): ConfigStatus {
    return {
      hash: this.#running.hash,
      since: this.#since,
      reloading: this.reloading,
      ...(this.#lastReload === undefined ? {} : { lastReload: this.#lastReload }),
    };
  }

  start(): void {
    process.on('SIGHUP', this.#onHangup);
    this.#source.start();
  }

  close(): void {
    process.off('SIGHUP', this.#onHangup);
    this.#source.close();
  }

  /**
   * Runs one configuration after the other, until one ends by itself or `stop` is aborted.
   * @param run runs a configuration until the signal; says when it has started, and when the optional exporters have too
   */
  async follow<Outcome>(
    stop: AbortSignal,
    run: (config: Config, signal: AbortSignal, onStarted: (all: boolean) => void) => Promise<Outcome>,
  ): Promise<Outcome> {
    for (;;) {
      const change = new AbortController();
      this.#change = change;
      if (this.#next !== undefined) change.abort();
      const onStarted = (all: boolean): void => {
        if (this.#change === change) this.#hasStarted(all);
      };
      let overdue: WatershardError | undefined;
      const looking = this.#lookAtStart((error) => {
        overdue = error;
        change.abort();
      });
      let outcome: Outcome;
      try {
        outcome = await run(this.config, AbortSignal.any([stop, change.signal]), onStarted);
      } catch (e) {
        if (stop.aborted || !this.#fallBack(e)) throw e;
        continue;
      } finally {
        clearInterval(looking);
      }
      if (stop.aborted) return outcome;
      if (overdue !== undefined) this.#fallBack(overdue);
      else if (this.#next !== undefined) this.#takeNext(this.#next);
      else return outcome;
    }
  }

  /** A start that waits too long for what the change is about is given up; one that waits for something else is not. */
  #lookAtStart(giveUp: (error: WatershardError) => void): NodeJS.Timeout | undefined {
    const former = this.#former;
    if (!this.#applying || former === undefined) return undefined;
    const { config } = this;
    const began = performance.now();
    const timer = setInterval(() => {
      if (!this.#applying || this.#next !== undefined) clearInterval(timer);
      else if (performance.now() - began >= config.reload.timeout) {
        const causes = heldUpByChange(former.config, config, this.#options.holdUps());
        if (causes.length === 0) return;
        clearInterval(timer);
        const text = causes.map((c) => `${c.exporter ?? 'the API server'}: ${c.detail}`).join('; ');
        giveUp(new WatershardError('CONFIG_NOT_STARTED', `it has not started within reload.timeout: ${text}`));
      }
    }, LOOK_MS);
    return timer;
  }

  #hasStarted(all: boolean): void {
    this.#started = true;
    if (this.#applying) this.#applied();
    this.#applying = false;
    // From here on an error is one of this configuration, and no reason to run another.
    if (all) this.#former = undefined;
  }

  #takeNext(next: Version): void {
    if (this.#started) this.#former = this.#running;
    this.#next = undefined;
    this.#use(next);
    this.#applying = true;
  }

  #use(version: Version): void {
    this.#running = version;
    this.#started = false;
    this.#options.applyLive(version.config);
    this.#inUse();
  }

  /** @returns whether there is another configuration to run */
  #fallBack(e: unknown): boolean {
    const former = this.#next ?? this.#former;
    if (former === undefined || !(e instanceof WatershardError) || e.class !== 'configuration') return false;
    this.#refuse('failed', e, this.#running.hash);
    [this.#started, this.#applying] = [false, false];
    if (this.#next !== undefined) this.#takeNext(this.#next);
    else {
      this.#former = undefined;
      this.#use(former);
    }
    return true;
  }

  async #read(text: string): Promise<void> {
    const { logger } = this.#options;
    const hash = hashOf(text);
    let config: Config;
    try {
      config = await this.#options.parse(text);
    } catch (e) {
      this.#refuse('invalid', asError(e), hash);
      return;
    }
    const version = { config, hash };
    try {
      if (this.#next !== undefined && changeBetween(this.#next.config, config) === 'none') {
        this.#next = version;
        return;
      }
      const change = changeBetween(this.#running.config, config);
      if (change === 'restart' || this.#next !== undefined) {
        logger.info(
          { file: this.#file, hash },
          'the configuration has changed: what is in flight is delivered, then it goes on by the new one',
        );
        this.#next = version;
        this.#change.abort();
        return;
      }
      this.#running = version;
      this.#inUse();
      if (change === 'none') {
        this.#record('unchanged');
        return;
      }
      this.#options.applyLive(config);
      logger.info({ file: this.#file, hash }, 'the changed configuration is applied');
      this.#applied();
    } catch (e) {
      this.#refuse('refused', asError(e), hash);
    }
  }

  #applied(): void {
    this.#since = Date.now();
    this.#record('applied');
  }

  #record(result: 'applied' | 'unchanged'): void {
    const { metrics } = this.#options;
    metrics.configReloads.inc({ result });
    metrics.configReloadOk.set(1);
    metrics.configReloadTime.set(this.#since / 1000);
    this.#lastReload = { result, at: Date.now(), hash: this.#running.hash };
  }

  #refuse(result: Exclude<ReloadResult, 'applied' | 'unchanged'>, error: WatershardError, hash?: string): void {
    const { metrics, logger } = this.#options;
    metrics.configReloads.inc({ result });
    metrics.configReloadOk.set(0);
    logger.error(
      { file: this.#file, hash, err: redactUrls(codedMessage(error)), remedy: error.remedy },
      result === 'failed'
        ? 'the changed configuration did not start; the former one goes on'
        : 'the changed configuration cannot be used; the former one goes on',
    );
    const message = redactUrls(errorMessage(error));
    this.#lastReload = {
      result,
      at: Date.now(),
      ...(hash === undefined ? {} : { hash }),
      error: { code: error.code, message, remedy: error.remedy, at: Date.now() },
    };
  }

  #inUse(): void {
    const { configInfo } = this.#options.metrics;
    configInfo.reset();
    configInfo.set({ hash: this.#running.hash }, 1);
  }
}

/** Enough to tell versions apart, and comparable with what sha256sum says of the file. */
function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

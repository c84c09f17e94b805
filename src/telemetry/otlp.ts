import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { errorMessage } from '../model/errors.ts';
import type { BatchTrace, BatchTracer } from './batch-trace.ts';
import type { OtlpConfig } from './config.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { loadOtlpPackages, type OtlpPackages } from './otlp-packages.ts';
import { observeProcess } from './process-metrics.ts';
import { collectRegistry } from './prometheus-producer.ts';

/** What is still to be sent at the end has this long: a receiver that is away must not take more of the grace period. */
const CLOSE_MS = 2000;

export interface OtlpOptions {
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly version: string;
  readonly cluster: string;
}

/** Sends metrics and spans by OTLP, as the configuration says at the moment: it can be changed while everything runs. */
export class Otlp {
  readonly #options: OtlpOptions;
  readonly #startedAt = Date.now();
  #config: OtlpConfig | undefined;
  #sending: Sending | undefined;
  #turn: Promise<void> = Promise.resolve();
  readonly tracer: BatchTracer = {
    sample: () => this.#sending?.trace !== undefined && Math.random() < (this.#config?.ratio ?? 0),
    done: (trace) => this.#sending?.trace?.(trace),
  };

  constructor(options: OtlpOptions) {
    this.#options = options;
  }

  /** @throws WatershardError TELEMETRY_DRIVER_MISSING */
  apply(config: OtlpConfig | undefined): Promise<void> {
    const mine = this.#turn.then(async () => {
      if (isDeepStrictEqual(config, this.#config)) return;
      await this.#end();
      const packages = config === undefined ? undefined : await loadOtlpPackages();
      this.#config = config;
      if (config !== undefined && packages !== undefined)
        this.#sending = startSending(packages, config, this.#startedAt, this.#options);
    });
    this.#turn = mine.catch(() => undefined); // whoever asked for it sees the error
    return mine;
  }

  /** Sends what is there, as far as that works in a short time. */
  close(): Promise<void> {
    return this.apply(undefined);
  }

  async #end(): Promise<void> {
    const sending = this.#sending;
    this.#sending = undefined;
    this.#config = undefined;
    await sending?.close();
  }
}

interface Sending {
  readonly trace: ((trace: BatchTrace) => void) | undefined;
  close(): Promise<void>;
}

function startSending(
  packages: OtlpPackages,
  config: OtlpConfig,
  startedAt: number,
  { metrics, logger, version, cluster }: OtlpOptions,
): Sending {
  const { resources, metrics: sdk, traces, metricExporter, traceExporter } = packages;
  sayWhatItSays(packages, logger);
  const resource = resources
    .defaultResource()
    .merge(
      resources.resourceFromAttributes({
        'service.name': 'watershard',
        'service.version': version,
        'service.instance.id': `${hostname()}/${process.pid}`,
        'k8s.cluster.name': cluster,
      }),
    )
    .merge(resources.detectResources({ detectors: [resources.envDetector] })); // OTEL_RESOURCE_ATTRIBUTES
  const base = config.endpoint.replace(/\/+$/, '');
  const timeoutMillis = Math.min(10_000, config.interval);
  const settings = (path: string) => ({ url: `${base}${path}`, headers: config.headers, timeoutMillis });
  const closing: (() => Promise<void>)[] = [];

  if (config.metrics) {
    const exporter = new metricExporter.OTLPMetricExporter(settings('/v1/metrics'));
    watchOutcome(exporter, 'metrics', logger);
    const process = observeProcess(metrics);
    const producer = {
      collect: async () => {
        process.sample();
        const scope = await collectRegistry(metrics.registry, sdk, startedAt);
        return { resourceMetrics: { resource, scopeMetrics: [scope] }, errors: [] };
      },
    };
    const reader = new sdk.PeriodicExportingMetricReader({
      exporter,
      exportIntervalMillis: config.interval,
      exportTimeoutMillis: timeoutMillis,
      metricProducers: [producer],
    });
    const provider = new sdk.MeterProvider({ resource, readers: [reader] });
    closing.push(async () => {
      await provider.shutdown({ timeoutMillis: CLOSE_MS });
      process.close();
    });
  }

  let trace: Sending['trace'];
  if (config.traces) {
    const exporter = new traceExporter.OTLPTraceExporter(settings('/v1/traces'));
    watchOutcome(exporter, 'traces', logger);
    const provider = new traces.TracerProvider({
      resource,
      sampler: new traces.AlwaysOnSampler(), // what is not sampled is never followed
      spanProcessors: [new traces.BatchSpanProcessor({ exporter, exportTimeoutMillis: timeoutMillis })],
    });
    const tracer = provider.getTracer('watershard');
    trace = (batch) => emit(packages.api, tracer, batch);
    closing.push(() => provider.shutdown());
  }

  return {
    trace,
    close: async () => {
      const closed = Promise.allSettled(closing.map((close) => close()));
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_MS);
      });
      await Promise.race([closed, late]).finally(() => clearTimeout(timer));
    },
  };
}

type Tracer = import('@opentelemetry/api').Tracer;
type Exporter = { export(items: never, done: (result: { code: number; error?: Error }) => void): void };

/** A span for the batch, with one for the transformation and one an exporter. They are named by stream and exporter only. */
function emit(api: OtlpPackages['api'], tracer: Tracer, batch: BatchTrace): void {
  const { stream, records, bytes, readAt, transformedAt, exporters } = batch;
  const end = Math.max(transformedAt, ...exporters.map((e) => e.storedAt));
  const attributes = { 'watershard.stream': stream, 'watershard.records': records, 'watershard.bytes': bytes };
  const root = tracer.startSpan('batch', { root: true, startTime: hrTime(readAt), attributes });
  const context = api.trace.setSpan(api.ROOT_CONTEXT, root);
  tracer.startSpan('transform', { startTime: hrTime(readAt) }, context).end(hrTime(transformedAt));
  for (const { name, storedAt } of exporters) {
    const span = tracer.startSpan(
      'export',
      {
        kind: api.SpanKind.PRODUCER,
        startTime: hrTime(transformedAt),
        attributes: { 'watershard.exporter': name },
      },
      context,
    );
    span.end(hrTime(storedAt));
  }
  root.end(hrTime(end));
}

function hrTime(micros: number): [number, number] {
  return [Math.floor(micros / 1e6), Math.round(micros % 1e6) * 1000];
}

/** Says once that nothing arrives, and once that it does again; what is lost meanwhile is telemetry only. */
function watchOutcome(exporter: Exporter, what: string, logger: Logger): void {
  let failing = false;
  const send = exporter.export.bind(exporter);
  exporter.export = (items, done) =>
    send(items, (result) => {
      const failed = result.code !== 0;
      if (failed && !failing)
        logger.warn({ err: errorMessage(result.error) }, `${what} cannot be sent by OTLP; they are tried again`);
      if (!failed && failing) logger.info(`${what} are sent by OTLP again`);
      failing = failed;
      done(result);
    });
}

/** The packages speak by a logger of the process; what matters of it is said by `watchOutcome`. */
function sayWhatItSays({ api }: OtlpPackages, logger: Logger): void {
  const say = (text: string, ...more: unknown[]): void =>
    logger.debug([text, ...more.map((part) => (part instanceof Error ? part.message : String(part)))].join(' '));
  const speaker = { error: say, warn: say, info: say, debug: say, verbose: () => undefined };
  api.diag.setLogger(speaker, { logLevel: api.DiagLogLevel.INFO, suppressOverrideMessage: true });
}

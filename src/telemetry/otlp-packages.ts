import { WatershardError } from '../model/errors.ts';

const NAMES = [
  '@opentelemetry/api',
  '@opentelemetry/resources',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/sdk-trace',
  '@opentelemetry/exporter-metrics-otlp-proto',
  '@opentelemetry/exporter-trace-otlp-proto',
];

export type OtlpPackages = Awaited<ReturnType<typeof load>>;

/** Loads the packages of OpenTelemetry, which are installed only where they are wanted. @throws WatershardError TELEMETRY_DRIVER_MISSING */
export async function loadOtlpPackages(): Promise<OtlpPackages> {
  try {
    return await load();
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    if (!missing || !(cause instanceof Error) || !cause.message.includes('@opentelemetry/')) throw cause;
    const message = `telemetry.otlp needs packages that are not installed; run: npm install ${NAMES.join(' ')}`;
    throw new WatershardError('TELEMETRY_DRIVER_MISSING', message, { cause });
  }
}

async function load() {
  const [api, resources, metrics, traces, metricExporter, traceExporter] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-metrics-otlp-proto'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
  ]);
  return { api, resources, metrics, traces, metricExporter, traceExporter };
}

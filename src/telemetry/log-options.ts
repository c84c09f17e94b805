export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The parts that can have a level of their own. What concerns all of them has none, and the common level. */
export const LOG_COMPONENTS = ['watch', 'shard', 'state', 'exporters', 'ops', 'config', 'telemetry'] as const;
export type LogComponent = (typeof LOG_COMPONENTS)[number];

/** `log` of the configuration. */
export interface LogSettings {
  readonly level: LogLevel;
  readonly levels: Partial<Record<LogComponent, LogLevel>>;
}

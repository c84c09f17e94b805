import { type Logger as PinoLogger, pino } from 'pino';
import { LOG_COMPONENTS, type LogComponent, type LogLevel, type LogSettings } from './log-options.ts';
import { pinoPretty } from './pretty.ts';
import { destination } from './printable.ts';

export type Logger = Pick<PinoLogger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'child' | 'level'>;

/** One a logger and component, so that its level can be changed for whoever has it. */
const components = new WeakMap<Logger, Map<LogComponent, Logger>>();

/** Logs to stderr, so that stdout is free for records: JSON lines, or coloured text where stderr is a terminal. */
export function createLogger(log: LogLevel | LogSettings, pretty = process.stderr.isTTY === true): Logger {
  const level = typeof log === 'string' ? log : log.level;
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const logger: Logger = pretty
    ? pino({ level, base: null }, pinoPretty())
    : pino(options, destination({ fd: 2, sync: true }));
  if (typeof log !== 'string') setLogLevels(logger, log);
  return logger;
}

/** The same log for one component; its lines say so. */
export function componentLogger(logger: Logger, component: LogComponent): Logger {
  const known = components.get(logger) ?? new Map<LogComponent, Logger>();
  components.set(logger, known);
  const made = known.get(component) ?? logger.child({ component });
  known.set(component, made);
  return made;
}

/** Holds from the next line on, also for the loggers of components and what they have as children. */
export function setLogLevels(logger: Logger, { level, levels }: LogSettings): void {
  logger.level = level;
  for (const component of LOG_COMPONENTS) componentLogger(logger, component).level = levels[component] ?? level;
}

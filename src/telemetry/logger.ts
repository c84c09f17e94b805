import { type Logger as PinoLogger, pino } from 'pino';
import { pinoPretty } from './pretty.ts';
import { destination } from './printable.ts';

export type Logger = Pick<PinoLogger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'child' | 'level'>;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Logs to stderr, so that stdout is free for records: JSON lines, or coloured text where stderr is a terminal. */
export function createLogger(level: LogLevel, pretty = process.stderr.isTTY === true): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return pretty ? pino({ level, base: null }, pinoPretty()) : pino(options, destination({ fd: 2, sync: true }));
}

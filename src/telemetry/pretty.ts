import pretty from 'pino-pretty';
import { keepEscapes } from './printable.ts';

/** Human-readable log lines on stderr. */
export function pinoPretty(): ReturnType<typeof keepEscapes> {
  return keepEscapes(pretty({ destination: 2, sync: true, translateTime: 'HH:MM:ss.l', ignore: 'pid,hostname' }));
}

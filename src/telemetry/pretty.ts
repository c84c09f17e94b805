import pretty from 'pino-pretty';

/** Human-readable log lines on stderr. */
export function pinoPretty(): ReturnType<typeof pretty> {
  return pretty({ destination: 2, sync: true, translateTime: 'HH:MM:ss.l', ignore: 'pid,hostname' });
}

import { readFileSync } from 'node:fs';
import { errorMessage, WatershardError } from '../model/errors.ts';

interface Files {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** What the files of a `tls` setting hold, for node:tls. @throws WatershardError EXPORTER_MISCONFIGURED */
export function readTls({ ca, cert, key }: Files): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  return {
    ...(ca === undefined ? {} : { ca: read(ca) }),
    ...(cert === undefined ? {} : { cert: read(cert) }),
    ...(key === undefined ? {} : { key: read(key) }),
  };
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new WatershardError('EXPORTER_MISCONFIGURED', `reading ${file} for TLS: ${errorMessage(cause)}`, { cause });
  }
}

import { errorMessage, WatershardError } from '../../model/errors.ts';

/** A JSON file that this exporter wrote; undefined where there is none. */
export function readJson<T>(key: string, bytes: Uint8Array | undefined): Partial<T> | undefined {
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as Partial<T>;
  } catch (e) {
    const message = `${key} is not what was written there: ${errorMessage(e)}; remove it`;
    throw new WatershardError('EXPORTER_MISCONFIGURED', message, { cause: e });
  }
}

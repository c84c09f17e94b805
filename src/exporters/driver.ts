import { WatershardError } from '../model/errors.ts';

/**
 * Loads the client library of a sink's vendor, which is installed only where it is wanted.
 * @param load imports the package, under its literal name
 * @throws WatershardError EXPORTER_DRIVER_MISSING
 */
export async function loadDriver<T>(exporter: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    if (!missing || !(cause instanceof Error) || !cause.message.includes(name)) throw cause;
    const message = `exporter ${exporter} needs the package ${name}, which is not installed; run: npm install ${name}`;
    throw new WatershardError('EXPORTER_DRIVER_MISSING', message, { cause });
  }
}

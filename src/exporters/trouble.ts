import { errorMessage, WatershardError } from '../model/errors.ts';
import type { ExporterContext, Health } from './exporter.ts';

/** What is wrong with a sink at present: kept for its health, and logged when it begins, changes its kind and ends. */
export class Trouble {
  readonly #context: ExporterContext;
  #error: WatershardError | undefined;
  /** When it was last met; Unix time, milliseconds. */
  #at = 0;

  constructor(context: ExporterContext) {
    this.#context = context;
  }

  /** In one line, with the remedy; undefined where nothing is wrong. */
  get detail(): string | undefined {
    return this.#error && `${this.#error.message} (${this.#error.code}: ${this.#error.remedy})`;
  }

  /** Undefined where nothing is wrong. */
  get health(): Health | undefined {
    if (this.#error === undefined || this.detail === undefined) return undefined;
    const { code, message, remedy } = this.#error;
    return { ok: false, detail: this.detail, error: { code, message, remedy, at: this.#at } };
  }

  report(error: WatershardError): void {
    if (this.#error?.code !== error.code) {
      this.#context.logger.warn(
        { exporter: this.#context.name, code: error.code, remedy: error.remedy },
        error.message,
      );
    }
    this.#error = error;
    this.#at = Date.now();
  }

  end(): void {
    if (this.#error === undefined) return;
    this.#context.logger.info(
      { exporter: this.#context.name, after: this.#error.code },
      'the sink takes records again',
    );
    this.#error = undefined;
  }
}

/** Whatever an exporter caught, as an error of the closed set: what it does not know may pass. */
export function sinkError(exporter: string, error: unknown): WatershardError {
  if (error instanceof WatershardError) return error;
  return new WatershardError('EXPORTER_UNREACHABLE', `exporter ${exporter}: ${errorMessage(error)}`, { cause: error });
}

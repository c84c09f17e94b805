import { ERROR_CODES } from './error-codes.ts';

export type ErrorCode = keyof typeof ERROR_CODES;

/**
 * How an error is treated: `transient` is tried again, `forbidden` is tried again seldom and holds up nothing else,
 * `terminal` concerns one record or resource that is set aside, `configuration` ends the program with exit code 2.
 */
export type ErrorClass = 'transient' | 'forbidden' | 'terminal' | 'configuration';

export interface ErrorCodeInfo {
  readonly class: ErrorClass;
  readonly cause: string;
  readonly remedy: string;
}

/** An error of the closed set. `message` says what was being done, on which resource or sink, and what went wrong. */
export class WatershardError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'WatershardError';
    this.code = code;
  }

  get class(): ErrorClass {
    return ERROR_CODES[this.code].class;
  }

  get remedy(): string {
    return ERROR_CODES[this.code].remedy;
  }
}

/** The text of whatever was thrown, with the causes that say more. */
export function errorMessage(error: unknown): string {
  const parts: string[] = [];
  for (
    let e: unknown = error;
    e !== undefined && e !== null && parts.length < 4;
    e = e instanceof Error ? e.cause : undefined
  ) {
    const text = e instanceof Error ? e.message || e.name : String(e);
    if (text !== '' && !parts.some((p) => p.includes(text))) parts.push(text);
  }
  return parts.join(': ');
}

/** The same with the code in front, by which docs/errors.md says what to do. */
export function codedMessage(error: unknown): string {
  return error instanceof WatershardError ? `${error.code}: ${errorMessage(error)}` : errorMessage(error);
}

/** Whatever was thrown; what is not of the closed set is a defect. */
export function asError(e: unknown): WatershardError {
  return e instanceof WatershardError ? e : new WatershardError('INTERNAL', errorMessage(e), { cause: e });
}

import { errorMessage, WatershardError } from './errors.ts';

/** What a check of `watershard doctor` found: `warning` is what works, and not as it should, or could not be looked at. */
export interface Finding {
  readonly outcome: 'ok' | 'warning' | 'failed';
  /** What was looked at, and how it is. In one line, without secrets. */
  readonly text: string;
  /** What to do; absent where all is well. */
  readonly remedy?: string;
  /** Of the error that running would end in. */
  readonly code?: string;
}

export function ok(text: string): Finding {
  return { outcome: 'ok', text };
}

export function warning(text: string, remedy: string): Finding {
  return { outcome: 'warning', text, remedy };
}

export function failed(text: string, remedy: string): Finding {
  return { outcome: 'failed', text, remedy };
}

/** What a check that threw has found. */
export function thrown(error: unknown): Finding {
  if (!(error instanceof WatershardError))
    return failed(errorMessage(error), 'Please report it with the message and with what --debug shows.');
  return { outcome: 'failed', text: errorMessage(error), remedy: error.remedy, code: error.code };
}

import { inspect } from 'node:util';
import { redactUrls } from '../config/redact.ts';
import { ERROR_CODES } from '../model/error-codes.ts';
import { errorMessage, WatershardError } from '../model/errors.ts';
import { printable } from './printable.ts';

export const EXIT = { ok: 0, failed: 1, configuration: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof WatershardError && error.class === 'configuration' ? EXIT.configuration : EXIT.failed;
}

/** What went wrong, why such a thing happens, and what to do; the stack and the causes behind it with `debug` only. */
export function failureText(error: unknown, debug: boolean): string {
  const code = error instanceof WatershardError ? error.code : 'INTERNAL';
  const { cause, remedy } = ERROR_CODES[code];
  const lines = [`error ${code}: ${messageOf(error)}`, `  why: ${cause}`, `  what to do: ${remedy}`];
  if (debug) lines.push('', inspect(error, { depth: 6 }));
  else if (code === 'INTERNAL') lines.push('  Run it again with --debug to see where.');
  return printable(redactUrls(lines.join('\n')));
}

/** A message of several lines has said it all; to a short one its causes are added. */
function messageOf(error: unknown): string {
  if (error instanceof WatershardError && error.message.includes('\n')) return error.message;
  return errorMessage(error);
}

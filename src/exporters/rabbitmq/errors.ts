import { type ErrorCode, errorMessage, WatershardError } from '../../model/errors.ts';

interface Fault {
  /** Of a reply of the broker (a number), or of the socket. */
  readonly code?: unknown;
}

const REPLIES: Readonly<Record<number, ErrorCode>> = {
  403: 'EXPORTER_REFUSED',
  404: 'EXPORTER_TARGET_MISSING',
  506: 'EXPORTER_FULL',
};

const REFUSED_HOST = /Expected ConnectionOpenOk; got <ConnectionClose/;

/** The words of the broker, or of the socket, as an error of the closed set. */
export function rabbitFault(doing: string, error: unknown): WatershardError {
  if (error instanceof WatershardError) return error;
  const text = errorMessage(error);
  return new WatershardError(codeOf(error, text), `${doing}: ${brief(text)}`, { cause: error });
}

function codeOf(error: unknown, text: string): ErrorCode {
  const { code } = error as Fault;
  const known = typeof code === 'number' ? REPLIES[code] : undefined;
  if (known !== undefined) return known;
  if (REFUSED_HOST.test(text)) return 'EXPORTER_TARGET_MISSING';
  if (/ACCESS[-_]REFUSED|SASL mechanism .* not provided/i.test(text)) return 'EXPORTER_REFUSED';
  return 'EXPORTER_UNREACHABLE';
}

/** What the library wraps around the broker's own words is left out; those about the virtual host it does not tell. */
function brief(text: string): string {
  if (REFUSED_HOST.test(text))
    return 'the broker does not open the virtual host: there is none of this name, the user may not use it, or it has too many connections';
  return /"((?:[A-Z_]+ - )[^"]+)"/.exec(text)?.[1] ?? text;
}

/** The broker's max_message_size, where it ended the channel over a message that is larger. */
export function messageLimit(error: unknown): number | undefined {
  const found = /message size \d+ .*larger than.*max size (\d+)/.exec(errorMessage(error));
  return found === null ? undefined : Number(found[1]);
}

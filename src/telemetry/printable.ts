import { destination as fileDestination } from 'pino';

/** Where pino writes a line, a JSON object. */
interface LineSink {
  write(line: string): void;
}

/**
 * What a terminal obeys, or shows so that text reads otherwise, and JSON does not escape: C1 controls, separators of lines,
 * overrides of the direction of text. Names of objects may hold them, and kubectl logs shows them to a person.
 */
const UNSEEN = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;
/** Escapes of JSON, an escaped backslash among them so that what stands behind it is not taken for one. */
const ESCAPES = /\\(?:[\\"/bfnrt]|u[0-9a-f]{4})/gi;
const CONTROL = /^\\(?:[bfnr]|u00[01]|u007f)/i;

/** Writes to a file as pino does, with what a terminal would obey as escapes: the line says the same, read as JSON. */
export function destination(options: { fd: number; sync: boolean }): LineSink {
  const file = fileDestination(options);
  return { write: (line) => void file.write(line.replace(UNSEEN, escaped)) };
}

/** Before lines are made text: control characters stay the escapes that they were in JSON. */
export function keepEscapes(sink: LineSink): LineSink {
  return {
    write: (line) =>
      sink.write(
        line
          .replace(ESCAPES, (sequence) => (CONTROL.test(sequence) ? `\\${sequence}` : sequence))
          .replace(UNSEEN, (character) => `\\${escaped(character)}`),
      ),
  };
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

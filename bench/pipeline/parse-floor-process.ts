import { Replica } from './replica.ts';
import type { Settings } from './settings.ts';

/* Process of parse-floor.ts: nothing but the texts is in its memory, so that JSON.parse is all that it pays for. */

/** Objects of each resource that are parsed. */
const PARSED = 10_000;

const texts = [...new Replica(JSON.parse(process.argv[2]!) as Settings).texts(PARSED)];

/** @returns microseconds of CPU an object */
function parseAll(): number {
  const before = process.cpuUsage();
  for (const text of texts) JSON.parse(text.toString());
  const { user, system } = process.cpuUsage(before);
  return (user + system) / texts.length;
}

parseAll();
process.on('message', () => process.send!(Math.min(parseAll(), parseAll())));
process.send!('ready');

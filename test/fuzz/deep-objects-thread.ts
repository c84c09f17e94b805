// In a thread of its own, as in production: its stack is four times the main thread's, and how much of that a call takes
// does not depend on what ran before.
import { assertWorks } from './working.ts';

for (const depth of [60, 900, 2500, 5000, 9990]) {
  const deep = (last: number): string => `${'{"a":'.repeat(depth)}${last}${'}'.repeat(depth)}`;
  const line = (type: string, version: number): Buffer =>
    Buffer.from(
      `{"type":"${type}","object":{"metadata":{"name":"x","uid":"u","resourceVersion":"${version}"},"spec":${deep(version)}}}\n`,
    );
  assertWorks([line('ADDED', 1), line('MODIFIED', 2), line('DELETED', 3)], false);
}

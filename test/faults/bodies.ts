import type { BodyChange } from './http-proxy.ts';

/** What a bad network, proxy or server does to the body of an answer. */

const BROKEN = new Error('broken off by the test');

/** Each chunk in pieces of this many bytes, each in a packet of its own. */
export const inPieces = (bytes: number): BodyChange =>
  async function* (body) {
    for await (const chunk of body) {
      for (let at = 0; at < chunk.length; at += bytes) {
        yield chunk.subarray(at, at + bytes);
        await new Promise((r) => setImmediate(r));
      }
    }
  };

/** Broken off behind so many bytes. */
export const cutAfter = (bytes: number): BodyChange =>
  async function* (body) {
    let left = bytes;
    for await (const chunk of body) {
      yield chunk.subarray(0, left);
      left -= chunk.length;
      if (left <= 0) throw BROKEN;
    }
  };

/** Broken off behind so many lines. */
export const cutAfterLines = (lines: number): BodyChange =>
  async function* (body) {
    let left = lines;
    for await (const chunk of body) {
      let at = 0;
      for (; left > 0; left--) {
        const newline = chunk.indexOf(0x0a, at);
        if (newline < 0) break;
        at = newline + 1;
      }
      yield left > 0 ? chunk : chunk.subarray(0, at);
      if (left > 0) continue;
      await new Promise((r) => setTimeout(r, 200)); // they are read before the connection breaks
      throw BROKEN;
    }
  };

/** Ended after so long as if that were all. */
export const endAfterTime = (milliseconds: number): BodyChange =>
  async function* (body) {
    const chunks = body[Symbol.asyncIterator]();
    const over = new Promise<IteratorReturnResult<undefined>>((resolve) =>
      setTimeout(() => resolve({ done: true, value: undefined }), milliseconds),
    );
    for (;;) {
      const { done, value } = await Promise.race([chunks.next(), over]);
      if (done === true) return;
      yield value;
    }
  };

/** These lines behind so many lines of the server. */
export const withLines = (after: number, ...lines: readonly string[]): BodyChange =>
  async function* (body) {
    let left = after;
    for await (const chunk of body) {
      let at = 0;
      while (left > 0) {
        const newline = chunk.indexOf(0x0a, at);
        if (newline < 0) break;
        at = newline + 1;
        left--;
      }
      if (left > 0 || at === 0) {
        yield chunk;
        continue;
      }
      yield chunk.subarray(0, at);
      for (const line of lines) yield Buffer.from(`${line}\n`);
      yield chunk.subarray(at);
      left = Number.POSITIVE_INFINITY;
    }
  };

/** No more than so many bytes a second. */
export const slowly = (bytesPerSecond: number): BodyChange =>
  async function* (body) {
    const step = Math.max(1, Math.round(bytesPerSecond / 50));
    for await (const chunk of body) {
      for (let at = 0; at < chunk.length; at += step) {
        yield chunk.subarray(at, at + step);
        await new Promise((r) => setTimeout(r, 20));
      }
    }
  };

/** An event of a watch in which the server says that it has failed. */
export const errorEvent = (code: number, reason: string, message: string): string =>
  JSON.stringify({
    type: 'ERROR',
    object: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message },
  });

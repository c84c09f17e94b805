/** Cuts a packed delta (model/delta.ts) between entries into pieces of at most `limit` bytes; a larger entry stands alone. */
export function splitDelta(packed: ArrayBuffer, limit: number): Buffer[] {
  const bytes = Buffer.from(packed);
  const pieces: Buffer[] = [];
  let start = 0;
  for (let at = 0; at < bytes.length; ) {
    const valueLength = bytes.readUInt32LE(at + 2);
    const end = at + 6 + bytes.readUInt16LE(at) + (valueLength === 0xffffffff ? 0 : valueLength);
    if (end - start > limit && at > start) {
      pieces.push(bytes.subarray(start, at));
      start = at;
    }
    at = end;
  }
  if (start < bytes.length) pieces.push(bytes.subarray(start));
  return pieces;
}

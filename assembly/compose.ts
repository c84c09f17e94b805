/*
 * AssemblyScript: puts a text together of pieces (src/model/stencil.ts). Up to 16 bytes behind the text are overwritten, and as many
 * read behind a piece.
 */

/** A piece with an address below is the slot of that number. */
const SLOTS: u32 = 32;

/**
 * @param program of `count` pieces: u32 address | u32 length, both 0 but for the number where it is that of a slot
 * @param slots u32 address | u32 length, for each
 * @returns the address behind the text
 */
export function compose(program: usize, count: u32, slots: usize, out: usize): usize {
  for (let end = program + ((<usize>count) << 3); program < end; program += 8) {
    let from = <usize>load<u32>(program);
    let length = load<u32>(program, 4);
    if (from < SLOTS) {
      const slot = slots + (from << 3);
      from = load<u32>(slot);
      length = load<u32>(slot, 4);
    }
    const behind = out + length;
    do {
      v128.store(out, v128.load(from));
      out += 16;
      from += 16;
    } while (out < behind);
    out = behind;
  }
  return out;
}

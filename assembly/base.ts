/** The first address that texts may be put at. */
export function base(): usize {
  return (__heap_base + 15) & ~15;
}

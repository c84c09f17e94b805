let offset = performance.timeOrigin;

/** Unix time in microseconds. Follows the system's clock where that is set, to within 2 ms. */
export function unixMicros(): number {
  const monotonic = performance.now();
  const wall = Date.now();
  // Date.now() has whole milliseconds only
  if (Math.abs(offset + monotonic - wall) > 2) offset = wall - monotonic;
  return Math.floor((offset + monotonic) * 1000);
}

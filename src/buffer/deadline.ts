/** A time that is over after so many milliseconds, unless it is cleared before. */
export function deadline(millis: number): { readonly over: Promise<void>; readonly clear: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, millis);
  return { over: promise, clear: () => clearTimeout(timer) };
}

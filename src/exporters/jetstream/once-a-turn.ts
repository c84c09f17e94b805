/** A function that has the work done at the end of the event loop's turn, once however often it was called. */
export function onceATurn(work: () => void): () => void {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    setImmediate(() => {
      due = false;
      work();
    });
  };
}

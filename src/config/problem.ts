/** One thing that is wrong with a configuration, told so that it can be corrected. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly reason: string;
  readonly remedy: string;
  /** 1-based; undefined where the path stands nowhere in the file. */
  readonly line?: number | undefined;
}

/** `exporters[0].rotate.interval`, `rules[1].extract['app.kubernetes.io/name']`; the whole file is `(file)`. */
export function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(String(part))) text += text === '' ? String(part) : `.${String(part)}`;
    else text += `['${String(part)}']`;
  }
  return text === '' ? '(file)' : text;
}

/** `line 3: workers: not a number; write a whole number`. */
export function problemText({ path, reason, remedy, line }: Problem): string {
  return `${line === undefined ? '' : `line ${line}: `}${pathText(path)}: ${reason}; ${remedy}`;
}

/** The one of `known` that `word` was probably meant to be, or undefined. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, substitution);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

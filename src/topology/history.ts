import type { StatusHistory } from '../model/status.ts';

/** Values that are kept: two minutes, as one is taken a second. */
const KEPT = 120;

interface Sample {
  /** Since the start; so are the bytes. */
  readonly records: number;
  readonly bytes: number;
  readonly lagSeconds: number;
  readonly inFlight: number;
}

/** What the plots of the live page begin with, so that one who opens it sees what has just happened. */
export class History {
  readonly #records: number[] = [];
  readonly #bytes: number[] = [];
  readonly #lagSeconds: number[] = [];
  readonly #inFlight: number[] = [];
  #last: (Sample & { readonly at: number }) | undefined;

  /** @param at Unix time, milliseconds */
  sample(at: number, sample: Sample): void {
    const last = this.#last;
    this.#last = { ...sample, at };
    if (last === undefined || at <= last.at) return;
    const seconds = (at - last.at) / 1000;
    const keep = (list: number[], value: number): void => {
      list.push(Math.max(0, Math.round(value * 10) / 10));
      if (list.length > KEPT) list.shift();
    };
    keep(this.#records, (sample.records - last.records) / seconds);
    keep(this.#bytes, (sample.bytes - last.bytes) / seconds);
    keep(this.#lagSeconds, sample.lagSeconds);
    keep(this.#inFlight, sample.inFlight);
  }

  report(): StatusHistory {
    return {
      records: [...this.#records],
      bytes: [...this.#bytes],
      lagSeconds: [...this.#lagSeconds],
      inFlight: [...this.#inFlight],
    };
  }
}

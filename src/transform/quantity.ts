const NANO = 1_000_000_000n;
const FORM = /^([+-]?)(\d+\.?\d*|\.\d+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d{1,3})?$/;
const MAX_INT = 2n ** 63n - 1n;

const DECIMAL_EXPONENT: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY_EXPONENT: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };

/** A Kubernetes quantity (`100m`, `1.5Gi`, `1e3`), exact to a billionth; what is finer is rounded away from zero. */
export class Quantity {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }

  get isInteger(): boolean {
    return this.nanos % NANO === 0n && this.nanos / NANO <= MAX_INT && this.nanos / NANO >= -MAX_INT - 1n;
  }

  /** @throws Error where it is no integer of 64 bits */
  toInteger(): bigint {
    if (!this.isInteger) throw new Error('the quantity is not an integer of 64 bits');
    return this.nanos / NANO;
  }

  toDouble(): number {
    // The quotient as decimal text rounds once; dividing two doubles would round three times.
    return Number(`${this.nanos}e-9`);
  }
}

export function isQuantity(text: string): boolean {
  return text.length <= 64 && FORM.test(text);
}

/** @throws Error where the text is not a quantity */
export function parseQuantity(text: string): Quantity {
  const match = text.length <= 64 ? FORM.exec(text) : null;
  if (match === null) throw new Error('the text is not a quantity');
  const [, sign, number = '', suffix = ''] = match;
  const [whole = '', fraction = ''] = number.split('.');
  let numerator = BigInt(whole + fraction) * NANO;
  let exponent = -fraction.length;
  const binary = BINARY_EXPONENT[suffix];
  if (binary !== undefined) numerator <<= binary;
  else if (/^[eE]./.test(suffix)) exponent += Number(suffix.slice(1));
  else exponent += DECIMAL_EXPONENT[suffix] ?? 0;
  let nanos: bigint;
  if (exponent >= 0) nanos = numerator * 10n ** BigInt(exponent);
  else {
    const divisor = 10n ** BigInt(-exponent);
    nanos = (numerator + divisor - 1n) / divisor;
  }
  return new Quantity(sign === '-' ? -nanos : nanos);
}

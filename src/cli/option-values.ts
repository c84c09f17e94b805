import { InvalidArgumentError } from 'commander';
import { LONGEST_TIMER, parseDuration } from '../model/units.ts';

/** A duration like `10s`, in milliseconds. */
export function durationOption(text: string): number {
  const value = parseDuration(text);
  if (value === undefined || value < 1 || value > LONGEST_TIMER)
    throw new InvalidArgumentError('Give a duration like 500ms, 10s or 1m.');
  return value;
}

/** A whole number of 1 or more. */
export function countOption(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('Give a whole number of 1 or more.');
  return value;
}

import { median } from '../pipeline/result.ts';

/** What is measured, beside the least that anything that does this has to do. */
export interface Micro {
  readonly name: string;
  /** What one item is. */
  readonly item: string;
  readonly items: number;
  /** Of all items together. */
  readonly bytes: number;
  /** Goes through all items once. */
  readonly work: () => unknown;
  readonly floor: { readonly name: string; readonly work: () => unknown };
  readonly close?: () => Promise<void>;
}

export interface MicroResult {
  readonly name: string;
  readonly item: string;
  readonly bytesPerItem: number;
  readonly micros: number;
  readonly floor: string;
  readonly floorMicros: number;
  readonly ratio: number;
}

const ROUNDS = 5;
/** CPU of one round: ten times the resolution of the clock, and enough for the optimizing compiler. */
const ROUND_MICROS = 200_000;

/** CPU microseconds an item, of the whole process with its threads and the collector; medians of rounds taken in turn. */
export async function measure(micro: Micro): Promise<MicroResult> {
  const { name, item, items, bytes, work, floor } = micro;
  const times = await repetitions(work);
  const floorTimes = await repetitions(floor.work);
  const own: number[] = [];
  const lowest: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    lowest.push((await cpuOf(floor.work, floorTimes)) / floorTimes / items);
    own.push((await cpuOf(work, times)) / times / items);
  }
  await micro.close?.();
  const micros = median(own);
  const floorMicros = median(lowest);
  return {
    name,
    item,
    bytesPerItem: bytes / items,
    micros,
    floor: floor.name,
    floorMicros,
    ratio: micros / floorMicros,
  };
}

async function repetitions(work: () => unknown): Promise<number> {
  for (let times = 1; ; times *= 2) {
    const micros = await cpuOf(work, times);
    if (micros >= ROUND_MICROS || times >= 4096) return times;
  }
}

async function cpuOf(work: () => unknown, times: number): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) {
    const result = work();
    if (result instanceof Promise) await result;
  }
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

import { readFileSync } from 'node:fs';

export interface Block {
  readonly language: string;
  readonly text: string;
  /** Of the first line of the text, from 1. */
  readonly line: number;
}

/** The fenced blocks of a page, in order. @param path from the repository's root */
export function blocksOf(path: string): Block[] {
  const page = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  return [...page.matchAll(/^```([\w-]*)\n([\s\S]*?)^```$/gm)].map(({ 1: language = '', 2: text = '', index }) => ({
    language,
    text,
    line: page.slice(0, index).split('\n').length + 1,
  }));
}

/** Whether a text is what a page shows: `…` stands for any text within a line, spaces at the ends of lines count for nothing. */
export function shows(shown: string, text: string): boolean {
  const lines = (t: string): string[] =>
    t
      .trimEnd()
      .split('\n')
      .map((line) => line.trim());
  const [want, got] = [lines(shown), lines(text)];
  return want.length === got.length && want.every((line, i) => pattern(line).test(got[i] as string));
}

function pattern(line: string): RegExp {
  return new RegExp(
    `^${line
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  );
}

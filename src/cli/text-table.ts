import type { Value } from '../query/driver.ts';

/** A column is no wider than this where the table would be too wide for the terminal. */
const LEAST_WIDTH = 8;

export function valueText(value: Value | undefined): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Columns beside one another; the widest are cut until the table fits. @param width of the terminal; undefined: as wide as it is */
export function textTable(columns: readonly string[], rows: readonly (readonly string[])[], width?: number): string {
  const widths = columns.map((name, i) => Math.max(length(name), ...rows.map((row) => length(row[i] ?? '')), 1));
  const gaps = 2 * (columns.length - 1);
  const total = (): number => widths.reduce((sum, w) => sum + w, gaps);
  while (width !== undefined && total() > width) {
    const widest = widths.indexOf(Math.max(...widths));
    const second = Math.max(...widths.filter((_, i) => i !== widest), LEAST_WIDTH);
    const wanted = Math.max(LEAST_WIDTH, (widths[widest] as number) - (total() - width));
    const next = Math.min((widths[widest] as number) - 1, Math.max(wanted, second));
    if (next < LEAST_WIDTH) break;
    widths[widest] = next;
  }
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => pad(cell, widths[i] as number))
      .join('  ')
      .trimEnd();
  const rule = widths.map((w) => '─'.repeat(w)).join('  ');
  return [line(columns), rule, ...rows.map(line)].join('\n');
}

function pad(text: string, width: number): string {
  const flat = [...text.replace(/[\t\n]/g, ' ')];
  const cut = flat.length > width ? `${flat.slice(0, width - 1).join('')}…` : flat.join('');
  return cut + ' '.repeat(Math.max(0, width - length(cut)));
}

function length(text: string): number {
  return [...text].length;
}

/** RFC 4180; null is an empty field. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\r\n`;
}

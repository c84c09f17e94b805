import { Command } from 'commander';
import type { Config } from '../config/schema.ts';
import { createLogger } from '../telemetry/logger.ts';
import type { StreamPreview } from '../topology/preview/report.ts';
import { CONFIG_OPTION, loadChecked, requireConfig } from './config-option.ts';
import { EXIT } from './failure.ts';
import { countOption, durationOption } from './option-values.ts';
import { printable } from './printable.ts';
import { stopSignal } from './stop-signal.ts';
import { textTable } from './text-table.ts';

interface Options {
  readonly config?: string;
  readonly resource?: string;
  readonly rule?: string;
  readonly namespace?: string;
  readonly limit: number;
  readonly watch?: number;
  readonly json?: true;
}

/** Paths that are shown of a stream. */
const MOST_PATHS = 15;

export function previewCommand(): Command {
  return new Command('preview')
    .summary('show what would be sent')
    .description(
      'Shows what a run would send: rows, redactions, sizes. Reads a page of each resource and runs the rules over it; writes no state and contacts no sink.',
    )
    .option(...CONFIG_OPTION)
    .option('--resource <name>', 'only this resource of those that are watched: pods, deployments.apps')
    .option('--rule <number>', 'only the resources of this rule: 0 for rules[0]')
    .option('--namespace <name>', 'only this namespace')
    .option('--limit <objects>', 'objects of each resource that are looked at', countOption, 10)
    .option('--watch <duration>', 'watch for so long, and estimate the bytes a day from what changes', durationOption)
    .option('--json', 'print JSON, with the whole records')
    .addHelpText(
      'after',
      '\nExamples:\n  watershard preview -c watershard.yaml --resource pods\n  watershard preview -c watershard.yaml --rule 0 --watch 30s',
    )
    .action(async (options: Options, command: Command) => {
      const config = await loadChecked(requireConfig(options, command));
      const rule = options.rule === undefined ? undefined : ruleNumber(options.rule, config, command);
      const { preview } = await import('../topology/preview/preview.ts');
      const stopping = stopSignal(() => undefined);
      const { resource, namespace, limit, watch = 0 } = options;
      const logger = createLogger(process.argv.includes('--debug') ? 'debug' : 'silent');
      const asked = { resource, rule, namespace, limit, watch, logger, signal: stopping.signal };
      const streams = await preview(config, asked).finally(stopping.release);
      console.log(options.json === true ? JSON.stringify(streams, null, 2) : textOf(streams));
      process.exitCode = streams.some((s) => s.error !== undefined) ? EXIT.failed : EXIT.ok;
    });
}

function ruleNumber(text: string, { rules }: Config, command: Command): number {
  const rule = Number(text.replace(/^rules\[(\d+)\]$/, '$1'));
  if (Number.isInteger(rule) && rule >= 0 && rule < rules.length) return rule;
  const known = rules.map(({ resources }, i) => `${i} (${resources.join(', ')})`).join('; ') || 'none';
  return command.error(`error: there is no rule ${text}; there are: ${known}`);
}

function textOf(streams: readonly StreamPreview[]): string {
  return printable([...streams.map(streamText), totals(streams)].join('\n\n'));
}

function streamText(stream: StreamPreview): string {
  const { sampled, total, rows, redactions, exporters, problems, changes, error } = stream;
  if (error !== undefined) return `${stream.stream}: ${error}`;
  const of = total === undefined ? 'of an unknown number' : `of ${total}`;
  const lines = [`${stream.stream}: ${sampled} ${of} ${total === 1 ? 'object' : 'objects'} looked at`];
  if (rows.length > 0) {
    const fields = [...new Set(rows.flatMap((row) => Object.keys(row.fields)))];
    const heads = ['operation', 'namespace', 'name', ...fields, ...exporters.map((e) => `${e.name} (bytes)`)];
    const cells = rows.map((row) => [
      row.operation,
      row.namespace,
      row.name,
      ...fields.map((f) => JSON.stringify(row.fields[f] ?? null)),
      ...row.bytes.map(String),
    ]);
    lines.push(indented(textTable(heads, cells, process.stdout.columns && process.stdout.columns - 2)));
  }
  for (const { how, path, objects } of redactions.slice(0, MOST_PATHS))
    lines.push(`  ${how.padEnd(6)}  ${path} (in ${objects})`);
  if (redactions.length > MOST_PATHS) lines.push(`  and ${redactions.length - MOST_PATHS} more paths (--json)`);
  for (const problem of problems) lines.push(`  ! ${problem}`);
  if (changes !== undefined) {
    lines.push(`  changes in ${changes.seconds.toFixed(1)} s: ${changes.events} events, ${changes.records} records`);
    if (changes.error !== undefined) lines.push(`  ! ${changes.error}`);
  }
  return lines.join('\n');
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ');
}

/** For each exporter: all objects once, and a day of changes where they were watched. */
function totals(streams: readonly StreamPreview[]): string {
  const sums = new Map<string, { snapshot: number; day: number | undefined; known: boolean; encoding: string }>();
  for (const { exporters } of streams) {
    for (const { name, encoding, snapshotBytes, bytesPerDay } of exporters) {
      const sum = sums.get(name) ?? { snapshot: 0, day: undefined, known: true, encoding };
      sum.snapshot += snapshotBytes ?? 0;
      sum.known &&= snapshotBytes !== undefined;
      if (bytesPerDay !== undefined) sum.day = (sum.day ?? 0) + bytesPerDay;
      sums.set(name, sum);
    }
  }
  const rows = [...sums].map(([name, { snapshot, day, known, encoding }]) => [
    name,
    encoding === 'rows' ? 'rows, before compression' : encoding,
    `${known ? 'about' : 'more than'} ${sizeText(snapshot)}`,
    day === undefined ? 'not measured (--watch 30s)' : `about ${sizeText(day)}`,
  ]);
  return textTable(['exporter', 'encoding', 'all objects once', 'changes of a day'], rows);
}

function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

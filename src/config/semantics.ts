import type { Problem } from './problem.ts';
import { nearest } from './problem.ts';
import type { Config } from './schema.ts';

/** What is wrong between one part of a configuration and another. */
export function semanticProblems(config: Config): Problem[] {
  return [...exporterProblems(config), ...flowProblems(config)];
}

function exporterProblems({ exporters }: Config): Problem[] {
  const problems: Problem[] = [];
  const names = exporters.map((e) => e.name);
  exporters.forEach(({ name, deadLetter, required, buffer }, index) => {
    const first = names.indexOf(name);
    if (first < index) {
      problems.push({
        path: ['exporters', index, 'name'],
        reason: `"${name}" is also the name of exporters[${first}]`,
        remedy: 'give each exporter a name of its own',
      });
    }
    if (required && buffer.type === 'disk') {
      problems.push({
        path: ['exporters', index, 'buffer', 'type'],
        reason: `"${name}" is required, and a required exporter has no buffer: what it has not stored is read again`,
        remedy: 'set required: false, or leave buffer out',
      });
    }
    if (deadLetter === undefined) return;
    const path = ['exporters', index, 'deadLetter'];
    if (deadLetter === name)
      problems.push({ path, reason: 'names the exporter itself', remedy: 'name another exporter' });
    else if (!names.includes(deadLetter)) {
      const others = names.filter((n) => n !== name);
      const meant = nearest(deadLetter, others);
      const remedy =
        meant !== undefined
          ? `did you mean "${meant}"?`
          : `name one of ${others.join(', ') || '(there is no other exporter)'}`;
      problems.push({ path, reason: `there is no exporter "${deadLetter}"`, remedy });
    } else if (required && exporters[names.indexOf(deadLetter)]?.deadLetter === name) {
      problems.push({
        path,
        reason: `"${deadLetter}" names "${name}" as its own deadLetter`,
        remedy: 'let one of the two have none',
      });
    }
  });
  return problems;
}

function flowProblems({ flow }: Config): Problem[] {
  if (flow.bytesPerStream === undefined || flow.bytesPerStream <= flow.bytesInFlight) return [];
  return [
    {
      path: ['flow', 'bytesPerStream'],
      reason: 'more than flow.bytesInFlight',
      remedy: 'make it smaller, or bytesInFlight larger',
    },
  ];
}

/** What is allowed and probably not meant: one sentence each. */
export function configHints(config: Config): string[] {
  const hints: string[] = [];
  // An exporter that acknowledges whole files holds all commits back until its next file, so after a crash a stream is
  // replayed from as long ago; a message store has to know the ids for longer than that.
  const rotations = config.exporters.map((e) => (e as { rotate?: { interval?: number } }).rotate?.interval ?? 0);
  const longest = Math.max(0, ...rotations);
  config.exporters.forEach((exporter, index) => {
    const created = (exporter as { createStream?: unknown }).createStream;
    const window =
      typeof created === 'object' ? (created as { duplicateWindow?: number } | null)?.duplicateWindow : undefined;
    const least = window ?? (exporter as { minDuplicateWindow?: number }).minDuplicateWindow;
    if (least === undefined || longest === 0 || longest < least) return;
    hints.push(
      `exporters[${index}] (${exporter.name}): files are closed every ${longest / 1000} s, so a replay after a crash may reach further back than the ${least / 1000} s for which ${window === undefined ? 'minDuplicateWindow asks' : 'the stream remembers ids'}; choose a longer duplicate window or a shorter rotate.interval`,
    );
  });
  if (config.exporters.every((e) => !e.required && e.buffer.type === 'memory')) {
    hints.push(
      'no exporter is required or has a buffer on disk: positions are committed without waiting for any of them, so records can be lost',
    );
  }
  return hints;
}

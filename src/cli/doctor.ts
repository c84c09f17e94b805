import { Command, Option } from 'commander';
import { redactUrls } from '../config/redact.ts';
import type { Config } from '../config/schema.ts';
import { ERROR_CODES } from '../model/error-codes.ts';
import { asError } from '../model/errors.ts';
import { createLogger } from '../telemetry/logger.ts';
import type { CheckResult } from '../topology/doctor/report.ts';
import { CONFIG_OPTION, loadChecked, requireConfig } from './config-option.ts';
import { EXIT, exitCodeOf } from './failure.ts';
import { durationOption } from './option-values.ts';
import { printable } from './printable.ts';

interface Options {
  readonly config?: string;
  readonly json?: true;
  readonly send?: true;
  readonly write?: true;
  readonly timeout: number;
}

const SIGNS = { ok: '✔', warning: '!', failed: '✖' } as const;
const COLOURS = { ok: '\u001b[32m', warning: '\u001b[33m', failed: '\u001b[31m' } as const;
/** With more resources than this, those that may be watched share a line. */
const MOST_LINES = 12;

export function doctorCommand(): Command {
  return new Command('doctor')
    .summary('check everything that a run would meet')
    .description(
      'Checks the configuration, the API server, the permissions for each resource, the clock, each sink and the state, and says what to do.\nLeaves nothing behind, but for --write. Each check ends within its time.',
    )
    .option(...CONFIG_OPTION)
    .option('--json', 'print an array of the checks instead of lines')
    .option('--send', 'send a request without records to sinks that take requests (HTTP)')
    .option('--write', 'write a marked message to each message bus, which its consumers get')
    .addOption(
      new Option('--timeout <duration>', 'time for each check').argParser(durationOption).default(15_000, '15s'),
    )
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing failed (there may be warnings), 1 a check failed, 2 the configuration cannot be used.\n\nExample:\n  watershard doctor --config watershard.yaml',
    )
    .action(async (options: Options, command: Command) => {
      const file = requireConfig(options, command);
      const output = options.json === true ? jsonOutput() : lineOutput(process.stdout.isTTY === true);
      let config: Config;
      try {
        config = await loadChecked(file);
      } catch (e) {
        const { code, message } = asError(e);
        if (exitCodeOf(e) !== EXIT.configuration || options.json !== true) throw e;
        const remedy = ERROR_CODES[code].remedy;
        output.report({ check: 'configuration', subject: '', outcome: 'failed', text: message, remedy, code });
        output.end();
        process.exitCode = EXIT.configuration;
        return;
      }
      const { examine } = await import('../topology/doctor/doctor.ts');
      const logger = createLogger(process.argv.includes('--debug') ? 'debug' : 'silent');
      await examine(config, {
        file,
        timeout: options.timeout,
        send: options.send === true,
        write: options.write === true,
        logger,
        report: output.report,
      });
      process.exitCode = output.end() ? EXIT.ok : EXIT.failed;
    });
}

interface Output {
  report(result: CheckResult): void;
  /** @returns whether nothing has failed */
  end(): boolean;
}

function clean(text: string): string {
  return printable(redactUrls(text));
}

function jsonOutput(): Output {
  const results: CheckResult[] = [];
  return {
    report: (result) => {
      const { check, subject, outcome, text, remedy, code } = result;
      const named = { check, subject, outcome, text: clean(text) };
      results.push({ ...named, ...(remedy && { remedy: clean(remedy) }), ...(code && { code }) });
    },
    end: () => {
      console.log(JSON.stringify(results, null, 2));
      return results.every(({ outcome }) => outcome !== 'failed');
    },
  };
}

function lineOutput(colour: boolean): Output {
  const counts = { ok: 0, warning: 0, failed: 0 };
  /** Resources that may be watched, told of together. */
  let allowed: CheckResult[] = [];
  const print = ({ check, subject, outcome, text, remedy }: CheckResult): void => {
    const sign = colour ? `${COLOURS[outcome]}${SIGNS[outcome]}\u001b[0m` : SIGNS[outcome];
    // An exporter is named, since there are several; what a stream or a store is stands in the text.
    const what = check === 'sink' ? `sink ${subject}` : check;
    const said = remedy === undefined ? text : `${text} → ${remedy}`;
    console.log(`${sign} ${what.padEnd(13)} ${clean(said).replace(/\s*\n\s*/g, ' ')}`);
  };
  const flush = (): void => {
    const [first] = allowed;
    if (first !== undefined && allowed.length > MOST_LINES)
      print({ ...first, text: `list and watch are allowed: ${allowed.map((r) => r.subject).join(', ')}` });
    else allowed.forEach(print);
    allowed = [];
  };
  return {
    report: (result) => {
      counts[result.outcome]++;
      if (result.check === 'rbac' && result.outcome === 'ok' && result.subject !== '') {
        allowed.push(result);
        return;
      }
      if (result.check !== 'rbac') flush();
      print(result);
    },
    end: () => {
      flush();
      const { ok, warning, failed } = counts;
      console.log(`${ok + warning + failed} checks: ${ok} well, ${warning} to look at, ${failed} failed`);
      return failed === 0;
    },
  };
}

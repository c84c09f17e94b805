import { once } from 'node:events';
import { Command, Option } from 'commander';
import type { Config } from '../config/schema.ts';
import { WatershardError } from '../model/errors.ts';
import type { Value } from '../query/driver.ts';
import { type Lake, newest, TABLES, type Table } from '../query/lake.ts';
import type { Rows, Tables } from '../query/tables.ts';
import { CONFIG_OPTION, loadChecked } from './config-option.ts';
import { countOption } from './option-values.ts';
import { printable } from './printable.ts';
import { csvLine, textTable, valueText } from './text-table.ts';

interface Options {
  readonly config?: string;
  readonly path?: string;
  readonly exporter?: string;
  readonly endpoint?: string;
  readonly region?: string;
  readonly extensions?: string;
  readonly table: Table;
  readonly limit: number;
  readonly json?: true;
  readonly csv?: true;
}

export function queryCommand(): Command {
  return new Command('query')
    .summary('ask the Parquet tables with SQL')
    .description(
      'Runs SQL on the Parquet tables of an exporter, in a folder or on S3, with DuckDB (npm install @duckdb/node-api).\nThe tables are the views `changes` and `inventory`. Without SQL it shows the newest rows.',
    )
    .argument('[sql]', 'a query of DuckDB')
    .option(CONFIG_OPTION[0], 'the configuration whose Parquet exporter wrote the tables')
    .option('--path <url>', 'where the tables are, instead: a folder, or s3://bucket/prefix')
    .option('--exporter <name>', 'which exporter of the configuration, where it has more than one of type parquet')
    .option('--endpoint <url>', 'with --path: address of an S3-compatible server')
    .option('--region <name>', 'with --path: region of the bucket')
    .addOption(
      new Option('--extensions <folder>', "folder with DuckDB's extension httpfs, where it cannot be fetched").env(
        'WATERSHARD_DUCKDB_EXTENSIONS',
      ),
    )
    .addOption(new Option('--table <name>', 'the table that is shown without SQL').choices(TABLES).default('changes'))
    .option('--limit <rows>', 'rows that are shown at most; with SQL, of a table on the terminal', countOption, 20)
    .addOption(new Option('--json', 'a JSON object a line').conflicts('csv'))
    .option('--csv', 'comma-separated values')
    .addHelpText(
      'after',
      `
Examples:
  watershard query --path watershard-data/demo/lake
  watershard query -c watershard.yaml "SELECT resource, operation, count(*) AS n FROM changes GROUP BY ALL ORDER BY ALL"
  watershard query --path s3://bucket/prefix --table inventory --csv > inventory.csv`,
    )
    .action(async (sql: string | undefined, options: Options, command: Command) => {
      const lake = await lakeOf(options, command);
      const { Tables } = await import('../query/tables.ts');
      const tables = await Tables.open(lake, options.extensions);
      try {
        await show(tables, sql, options);
      } finally {
        tables.close();
      }
    });
}

async function lakeOf(options: Options, command: Command): Promise<Lake> {
  const { config: file, path, endpoint, region } = options;
  if (path !== undefined && file !== undefined) command.error('error: give --config or --path, not both');
  if (path !== undefined) return { url: path, endpoint, region };
  if (file === undefined) return command.error('error: give --config FILE or --path FOLDER');
  return lakeIn(await loadChecked(file), options.exporter);
}

function lakeIn({ exporters }: Config, name: string | undefined): Lake {
  const lakes = exporters.flatMap((e) => (e.type === 'parquet' ? [e] : []));
  const found = name === undefined ? lakes : lakes.filter((e) => e.name === name);
  const [first] = found;
  const names = lakes.map((e) => e.name).join(', ') || '(none)';
  if (first === undefined) {
    const which = name === undefined ? '' : ` named ${name}`;
    throw new WatershardError('CONFIG_INVALID', `it has no exporter of type parquet${which}; it has: ${names}`);
  }
  if (found.length > 1)
    throw new WatershardError(
      'CONFIG_INVALID',
      `it has several exporters of type parquet (${names}); choose with --exporter`,
    );
  return first;
}

async function show(tables: Tables, sql: string | undefined, options: Options): Promise<void> {
  const rows = await tables.query(sql ?? newest(options.table, options.limit));
  if (options.json === true) return await writeJson(rows);
  if (options.csv === true) return await writeCsv(rows);
  await writeTable(rows, options.limit);
}

async function writeJson({ columns, chunks }: Rows): Promise<void> {
  for await (const chunk of chunks)
    await write(
      chunk.map((row) => `${JSON.stringify(Object.fromEntries(columns.map((c, i) => [c, row[i]])))}\n`).join(''),
    );
}

async function writeCsv({ columns, chunks }: Rows): Promise<void> {
  await write(csvLine(columns));
  for await (const chunk of chunks) await write(chunk.map((row) => csvLine(row.map(valueText))).join(''));
}

async function writeTable({ columns, chunks }: Rows, limit: number): Promise<void> {
  const shown: string[][] = [];
  let more = false;
  const text = (value: Value): string => printable(valueText(value));
  for await (const chunk of chunks) {
    for (const row of chunk) {
      if (shown.length < limit) shown.push(row.map(text));
      else more = true;
    }
    if (more) break;
  }
  await write(`${textTable(columns.map(printable), shown, process.stdout.columns)}\n`);
  const count = `${shown.length} row${shown.length === 1 ? '' : 's'}`;
  console.error(more ? `${count}; there are more (--limit, --csv or --json)` : count);
}

/** Waits while the reader of a pipe is slower. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

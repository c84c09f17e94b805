import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { DeltaWriter } from '../../model/delta.ts';
import { errorMessage, WatershardError } from '../../model/errors.ts';
import type { Position } from '../../model/position.ts';
import type { StateIdentity, StreamCommit } from '../state.ts';
import { CHANGES_TABLE, ChangeLog } from './change-log.ts';
import type { KnownChunk, KnownCursor, Opened } from './protocol.ts';
import { sqliteError } from './sqlite-error.ts';

const SCHEMA = '2';
/** Without the log of changes; becomes the current one when it is opened. */
const WITHOUT_LOG = '1';
const CHUNK_BYTES = 1024 * 1024;
const CHUNK_ROWS = 20_000;

const TABLES = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE streams (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, sequence INTEGER NOT NULL, resource_version TEXT NOT NULL,
    committed_at INTEGER NOT NULL, scope TEXT NOT NULL, generation INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE known (stream INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (stream, key)) STRICT, WITHOUT ROWID;
  ${CHANGES_TABLE}
`;

/**
 * The state in one SQLite file. Everything here blocks, for up to about 150 ms: not for the main thread.
 *
 * `locking_mode=EXCLUSIVE` with a write transaction at the start takes the file for this process until it ends, however
 * it ends: the kernel releases the lock. (It is a POSIX lock: nothing else in this process may open and close the file.)
 *
 * WAL with `synchronous=NORMAL` does not wait for the disk at a commit. A killed process loses nothing; a power failure
 * may lose the last commits, whole ones and from the end only, which is a replay from an older position and no harm.
 */
export class EmbeddedDatabase {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #inode: number;
  readonly #ids = new Map<string, number>();
  readonly #statements: Record<'position' | 'known' | 'begin' | 'commit' | 'rollback', StatementSync>;
  readonly #changes: ChangeLog;
  readonly opened: Opened;

  /** @throws WatershardError STATE_HELD, STATE_OF_ANOTHER_CLUSTER, STATE_SCHEMA, STATE_CORRUPT, STATE_FULL, STATE_UNAVAILABLE */
  constructor(file: string, identity: StateIdentity) {
    this.#file = file;
    const doing = `opening the state file ${file}`;
    let database: DatabaseSync | undefined;
    try {
      mkdirSync(dirname(file), { recursive: true });
      database = new DatabaseSync(file);
      this.opened = take(database, identity, doing);
      this.#inode = statSync(file).ino;
      this.#statements = prepare(database);
      this.#changes = new ChangeLog(database);
      for (const row of database.prepare('SELECT id, name FROM streams').iterate())
        this.#ids.set(String(row.name), Number(row.id));
      writeOwner(file, identity.owner);
    } catch (e) {
      // Left open it would hold the file against the next attempt of this very process.
      database?.close();
      const error = sqliteError(doing, e);
      throw error.code === 'STATE_HELD' ? heldBy(file, error) : error;
    }
    this.#database = database;
  }

  positions(): Map<string, Position> {
    const positions = new Map<string, Position>();
    const rows = this.#database.prepare(
      'SELECT name, sequence, resource_version, committed_at, scope, generation FROM streams',
    );
    for (const row of rows.iterate()) {
      positions.set(String(row.name), {
        resourceVersion: String(row.resource_version),
        sequence: Number(row.sequence),
        committedAt: Number(row.committed_at),
        scope: String(row.scope),
        ...(Number(row.generation) === 0 ? {} : { generation: Number(row.generation) }),
      });
    }
    return positions;
  }

  /** What was folded first, then the log as it is: to fold it for every start would cost seven times as much. */
  known(stream: string, after: KnownCursor | undefined): KnownChunk {
    const id = this.#ids.get(stream);
    if (id === undefined) return { packed: new ArrayBuffer(0), after: undefined };
    if (after !== undefined && 'change' in after) return this.#changes.read(id, after.change);
    if (after === undefined) this.#changes.beginRead(id);
    const writer = new DeltaWriter();
    let bytes = 0;
    let last: Uint8Array | undefined;
    // The empty blob sorts before every key; no key is empty, each holds a slash.
    for (const row of this.#statements.known.iterate(id, after?.key ?? new Uint8Array(0), CHUNK_ROWS)) {
      const key = row.key as Uint8Array;
      const value = row.value as Uint8Array;
      writer.put(Buffer.from(key.buffer, key.byteOffset, key.length).toString('utf8'), value);
      bytes += key.length + value.length;
      last = key;
      if (bytes >= CHUNK_BYTES) break;
    }
    const more = last !== undefined && (bytes >= CHUNK_BYTES || writer.count === CHUNK_ROWS);
    return { packed: writer.finish(), after: more ? { key: last as Uint8Array } : { change: 0 } };
  }

  /** All of it in one transaction. @throws WatershardError STATE_LOST, STATE_FULL, STATE_CORRUPT, STATE_UNAVAILABLE */
  commit(commits: readonly StreamCommit[], inDoubt: readonly string[]): void {
    const doing = `committing to the state file ${this.#file}`;
    this.#checkFile(doing);
    this.#transaction(doing, () => {
      for (const { stream, position, deltas } of commits) {
        const stored = this.#database.prepare('SELECT sequence FROM streams WHERE name = ?').get(stream)?.sequence ?? 0;
        const repeated = stored === position.sequence && inDoubt.includes(stream);
        if (stored !== position.sequence - 1 && !repeated) {
          throw new WatershardError(
            'STATE_LOST',
            `${doing}: ${stream} is at commit ${stored}, not ${position.sequence - 1}`,
          );
        }
        const { resourceVersion, sequence, committedAt, scope, generation = 0 } = position;
        const row = [stream, sequence, resourceVersion, committedAt, scope, generation] as const;
        const id = Number(this.#statements.position.get(...row)?.id);
        this.#ids.set(stream, id);
        for (const delta of deltas) this.#changes.append(id, new Uint8Array(delta));
      }
    });
  }

  /** There is something to fold, in part or in whole. */
  get foldIsDue(): boolean {
    return this.#changes.foldIsDue;
  }

  /** Folds a part of the log, in a transaction of its own. @throws WatershardError as `commit` */
  fold(): void {
    const doing = `folding the log of the state file ${this.#file}`;
    this.#checkFile(doing);
    this.#transaction(doing, () => this.#changes.foldSome());
  }

  forget(stream: string): void {
    const doing = `forgetting ${stream} in the state file ${this.#file}`;
    this.#checkFile(doing);
    this.#transaction(doing, () => {
      const id = this.#ids.get(stream);
      if (id === undefined) return;
      this.#changes.forget(id);
      this.#database.prepare('DELETE FROM known WHERE stream = ?').run(id);
      this.#database.prepare('DELETE FROM streams WHERE id = ?').run(id);
    });
    this.#ids.delete(stream);
  }

  /** @param clean everything is committed that was delivered */
  close(clean = false): void {
    if (!this.#database.isOpen) return;
    if (clean) this.#database.exec("INSERT OR REPLACE INTO meta (key, value) VALUES ('clean', '1')");
    this.#database.close();
  }

  /** A file that was removed can still be written to, and would be gone after the next start. */
  #checkFile(doing: string): void {
    let inode: number | undefined;
    try {
      inode = statSync(this.#file).ino;
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'ENOENT')
        throw new WatershardError('STATE_UNAVAILABLE', `${doing}: ${errorMessage(e)}`, { cause: e });
    }
    if (inode !== this.#inode) throw new WatershardError('STATE_LOST', `${doing}: the file was removed or replaced`);
  }

  #transaction(doing: string, work: () => void): void {
    try {
      this.#statements.begin.run();
      work();
      this.#statements.commit.run();
    } catch (e) {
      // SQLite rolls some failures back by itself (a full disk), and a second ROLLBACK would hide the cause.
      if (this.#database.isTransaction) this.#statements.rollback.run();
      this.#forgetNewIds();
      this.#changes.rolledBack();
      throw sqliteError(doing, e);
    }
  }

  #forgetNewIds(): void {
    this.#ids.clear();
    for (const row of this.#database.prepare('SELECT id, name FROM streams').iterate())
      this.#ids.set(String(row.name), Number(row.id));
  }
}

function take(database: DatabaseSync, identity: StateIdentity, doing: string): Opened {
  // The mode before the first read: then the WAL's index stays in memory, and there is no shared-memory file.
  database.exec(
    'PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=67108864; BEGIN IMMEDIATE',
  );
  const tables = database.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE type = 'table'").get()?.n;
  const fresh = tables === 0;
  if (fresh) {
    database.exec(TABLES);
    const put = database.prepare('INSERT INTO meta (key, value) VALUES (?, ?)');
    const meta = { schema: SCHEMA, cluster: identity.cluster, clusterUid: identity.clusterUid, epoch: randomUUID() };
    for (const [key, value] of Object.entries(meta)) put.run(key, value);
  }
  const meta = readMeta(database, doing);
  const of = (key: string): string => meta.get(key) ?? '';
  if (of('schema') === WITHOUT_LOG) {
    database.exec(`${CHANGES_TABLE} UPDATE meta SET value = '${SCHEMA}' WHERE key = 'schema'`);
  } else if (of('schema') !== SCHEMA)
    throw new WatershardError(
      'STATE_SCHEMA',
      `${doing}: its schema is ${of('schema') || 'unknown'}, this version has ${SCHEMA}`,
    );
  if (of('clusterUid') !== identity.clusterUid || of('cluster') !== identity.cluster) {
    const written = `${of('cluster')} (uid ${of('clusterUid')})`;
    throw new WatershardError(
      'STATE_OF_ANOTHER_CLUSTER',
      `${doing}: it was written for cluster ${written}, this is ${identity.cluster} (uid ${identity.clusterUid})`,
    );
  }
  if (!fresh) {
    const found = database.prepare('PRAGMA quick_check(1)').get()?.quick_check;
    if (found !== 'ok') throw new WatershardError('STATE_CORRUPT', `${doing}: ${String(found)}`);
    addColumn(database, 'streams', 'generation', 'INTEGER NOT NULL DEFAULT 0');
  }
  // Only who gives the file back says so again.
  database.exec("DELETE FROM meta WHERE key = 'clean'; COMMIT");
  return { epoch: of('epoch'), fresh, clean: fresh || of('clean') === '1' };
}

/** For a file that was made before the column was. Older versions of the program go on reading it. */
function addColumn(database: DatabaseSync, table: string, column: string, type: string): void {
  const found = database.prepare(`SELECT 1 FROM pragma_table_info('${table}') WHERE name = '${column}'`).get();
  if (found === undefined) database.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
}

function readMeta(database: DatabaseSync, doing: string): Map<string, string> {
  const meta = new Map<string, string>();
  if (database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").get() === undefined) {
    throw new WatershardError('STATE_SCHEMA', `${doing}: it is a database of something else`);
  }
  for (const row of database.prepare('SELECT key, value FROM meta').iterate())
    meta.set(String(row.key), String(row.value));
  return meta;
}

function prepare(
  database: DatabaseSync,
): Record<'position' | 'known' | 'begin' | 'commit' | 'rollback', StatementSync> {
  return {
    position: database.prepare(
      `INSERT INTO streams (name, sequence, resource_version, committed_at, scope, generation) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET sequence = excluded.sequence, resource_version = excluded.resource_version,
         committed_at = excluded.committed_at, scope = excluded.scope, generation = excluded.generation
       RETURNING id`,
    ),
    known: database.prepare('SELECT key, value FROM known WHERE stream = ? AND key > ? ORDER BY key LIMIT ?'),
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    rollback: database.prepare('ROLLBACK'),
  };
}

/** Beside the database, which nobody else can read while it is held. Only for the message; it decides nothing. */
function writeOwner(file: string, owner: string): void {
  writeFileSync(`${file}.owner`, `${owner}\n`);
}

function heldBy(file: string, error: WatershardError): WatershardError {
  let owner = 'another process';
  try {
    owner = readFileSync(`${file}.owner`, 'utf8').trim();
  } catch (e) {
    owner = `another process (its name cannot be read: ${errorMessage(e)})`;
  }
  return new WatershardError('STATE_HELD', `opening the state file ${file}: it is held by ${owner}`, { cause: error });
}

import { DuckDb } from './duckdb.ts';
import { type KubeOptions, KubeServer } from './servers/kube.ts';
import { NatsServer } from './servers/nats.ts';
import { RedisServer } from './servers/redis.ts';
import { S3Server } from './servers/s3.ts';
import { makeStream, readStream, type SeenRecord } from './stream-reader.ts';
import { Watershard } from './watershard.ts';

/** A row of the table `changes` as DuckDB shows it. */
export interface ChangeRow {
  readonly id: string;
  readonly operation: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resource_version: string;
}

/** Every real server that the configuration of docs/record.md names, and the program between them. */
export class Rig {
  readonly kube: KubeServer;
  readonly nats: NatsServer;
  readonly redis: RedisServer;
  readonly s3: S3Server;
  readonly program: Watershard;
  #db: DuckDb | undefined;

  private constructor(kube: KubeServer, nats: NatsServer, redis: RedisServer, s3: S3Server) {
    this.kube = kube;
    this.nats = nats;
    this.redis = redis;
    this.s3 = s3;
    this.program = new Watershard(s3.environment);
  }

  static async start(kube: KubeOptions = {}): Promise<Rig> {
    const [k, n, r, s] = await Promise.all([
      KubeServer.start(kube),
      NatsServer.start(),
      RedisServer.start(),
      S3Server.start('bucket'),
    ]);
    await makeStream(n.url);
    return new Rig(k, n, r, s);
  }

  /** The configuration of docs/record.md but for addresses and a shorter rotation, with changes. */
  config(changes: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      cluster: { name: 'demo' },
      kubeconfig: this.kube.kubeconfig,
      watch: {
        resources: [
          'pods',
          'configmaps',
          'secrets',
          'services',
          'serviceaccounts',
          'deployments.apps',
          'widgets.example.com',
        ],
        exclude: ['leases.coordination.k8s.io'],
        namespaces: { exclude: ['kube-system'] },
      },
      rules: [
        {
          resources: ['pods'],
          prune: ['metadata.managedFields'],
          ignore: ["metadata.annotations['example.com/heartbeat']"],
          extract: { phase: 'object.status.phase', images: 'object.spec.containers.map(c, c.image)' },
          diff: 'merge-patch',
        },
      ],
      workers: 2,
      state: { url: this.redis.url },
      exporters: [
        { name: 'bus', type: 'jetstream', servers: [this.nats.url], stream: 'K8S', encoding: 'json' },
        {
          name: 'lake',
          type: 'parquet',
          url: 's3://bucket/prefix',
          endpoint: this.s3.endpoint,
          region: 'us-east-1',
          rotate: { interval: '2s', rows: 100000 },
        },
      ],
      ...changes,
    };
  }

  records(): Promise<SeenRecord[]> {
    return readStream(this.nats.url);
  }

  async query<Row>(sql: string): Promise<Row[]> {
    this.#db ??= await DuckDb.open(this.s3);
    return (await this.#db.query(sql)) as Row[];
  }

  /** The table `changes`, all of it. @param url as in the configuration, a folder or on S3 */
  rows(url = 's3://bucket/prefix'): Promise<ChangeRow[]> {
    const columns = 'id, operation, resource, namespace, name, uid, resource_version';
    return this.query<ChangeRow>(
      `SELECT ${columns} FROM read_parquet('${url}/changes/**/*.parquet', union_by_name = true, hive_partitioning = true)`,
    );
  }

  settled(seconds?: number): Promise<void> {
    return this.program.settled(seconds);
  }

  async stop(): Promise<void> {
    await this.program.kill();
    this.#db?.close();
    await Promise.all([this.kube.stop(), this.nats.stop(), this.redis.stop(), this.s3.stop()]);
  }
}

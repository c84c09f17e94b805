export const VERSIONS: Readonly<
  Record<
    | 'kubernetes'
    | 'kubernetesNext'
    | 'etcd'
    | 'nats'
    | 'versitygw'
    | 'duckdb'
    | 'kafka'
    | 'pubsub'
    | 'artemis'
    | 'elasticmq'
    | 'moto',
    string
  >
>;
export const CACHE: string;
export function getServers(): Promise<void>;

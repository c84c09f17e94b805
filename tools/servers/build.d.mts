export const VERSIONS: Readonly<
  Record<
    'kubernetes' | 'etcd' | 'nats' | 'versitygw' | 'duckdb' | 'kafka' | 'pubsub' | 'artemis' | 'elasticmq' | 'moto',
    string
  >
>;
export const CACHE: string;
export function getServers(): Promise<void>;

export const VERSIONS: Readonly<Record<'kubernetes' | 'etcd' | 'nats' | 'versitygw' | 'duckdb' | 'kafka', string>>;
export const CACHE: string;
export function getServers(): Promise<void>;

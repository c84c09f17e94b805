import type { LaneRecord } from '../../model/lane.ts';
import { boundedId } from '../bounded-id.ts';
import type { RabbitmqConfig } from './config.ts';

/** A short string of AMQP 0-9-1. */
const MAX_SHORT = 255;

export interface Address {
  readonly protocol: 'amqp' | 'amqps';
  readonly hostname: string;
  readonly port: number;
  readonly vhost: string;
  readonly username: string;
  readonly password: string;
}

/** Where an address of the configuration leads, and as whom. */
export function addressOf(text: string, config: Pick<RabbitmqConfig, 'user' | 'password'>): Address {
  const url = new URL(text);
  const own = url.username !== '' || url.password !== '';
  const protocol = url.protocol === 'amqps:' ? 'amqps' : 'amqp';
  return {
    protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (protocol === 'amqps' ? 5671 : 5672),
    vhost: plain(url.pathname.slice(1)) || '/',
    username: own ? plain(url.username) : (config.user ?? 'guest'),
    password: own ? plain(url.password) : (config.password ?? (config.user === undefined ? 'guest' : '')),
  };
}

function plain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not percent-encoded
  }
}

/** Why a message cannot have this routing key, or undefined. */
export function routingKeyFault(key: string): string | undefined {
  const length = Buffer.byteLength(key);
  return length > MAX_SHORT ? `its routing key has ${length} bytes, more than ${MAX_SHORT}` : undefined;
}

const TYPES: Readonly<Record<RabbitmqConfig['encoding'], string>> = {
  json: 'application/json',
  msgpack: 'application/msgpack',
  protobuf: 'application/protobuf',
  cloudevents: 'application/cloudevents+json; charset=UTF-8',
  kollect: '',
};

/** What a message has beside its body; of kollect its id alone, which is not among the headers. */
export interface Properties {
  readonly mandatory: true;
  readonly persistent: boolean;
  readonly messageId: string;
  readonly contentType?: string;
  readonly appId?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function messageProperties(
  { encoding, persistent }: Pick<RabbitmqConfig, 'encoding' | 'persistent'>,
  cluster: string,
): (record: Pick<LaneRecord, 'id' | 'operation'>) => Properties {
  const base = { mandatory: true, persistent } as const;
  if (encoding === 'kollect') return ({ id }) => ({ ...base, messageId: boundedId(id, MAX_SHORT) });
  return ({ id, operation }) => ({
    ...base,
    messageId: boundedId(id, MAX_SHORT),
    contentType: TYPES[encoding],
    appId: 'watershard',
    headers: { 'watershard-id': id, 'watershard-operation': operation, 'watershard-cluster': cluster },
  });
}

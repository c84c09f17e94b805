import { WatershardError } from '../../model/errors.ts';
import type { LaneRecord } from '../../model/lane.ts';
import { boundedId } from '../bounded-id.ts';
import { objectKey } from '../object-key.ts';
import { type Access, PLAIN_PORT, parseConnectionString, TLS_PORT } from './access-options.ts';
import type { ServicebusConfig } from './config.ts';

/** Of message ids, session ids and partition keys in Azure Service Bus. */
const MAX_ID = 128;

const TYPES: Readonly<Record<ServicebusConfig['encoding'], string>> = {
  json: 'application/json',
  msgpack: 'application/msgpack',
  protobuf: 'application/protobuf',
  cloudevents: 'application/cloudevents+json; charset=UTF-8',
  kollect: '',
};

/** A message as the client library encodes it; names are those of AMQP 1.0, section 3.2. */
export interface OutgoingMessage {
  readonly durable: true;
  readonly message_id: string;
  readonly group_id?: string;
  readonly content_type?: string;
  readonly subject?: string;
  readonly application_properties?: Readonly<Record<string, string>>;
  readonly message_annotations: Readonly<Record<string, string>>;
  readonly body: unknown;
}

type Outgoing = Pick<LaneRecord, 'id' | 'key' | 'operation' | 'subject' | 'payload'>;

/**
 * The partition key is the object, so that an entity that is partitioned keeps the order of each; the broker demands that it
 * is the session's id where there is one. Other brokers do not know the annotation.
 */
export function messageOf(
  { encoding, sessions, clusterId }: Pick<ServicebusConfig, 'encoding' | 'sessions' | 'clusterId'>,
  cluster: string,
  section: (data: Buffer) => unknown,
): (record: Outgoing) => OutgoingMessage {
  return (record) => {
    const { id, operation, subject, payload } = record;
    const object = boundedId(objectKey('uid', clusterId ?? cluster, record), MAX_ID);
    const base = {
      durable: true,
      message_id: boundedId(id, MAX_ID),
      ...(sessions ? { group_id: object } : {}),
      message_annotations: { 'x-opt-partition-key': object },
      body: section(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)),
    } as const;
    if (encoding === 'kollect') return base;
    return {
      ...base,
      content_type: TYPES[encoding],
      subject,
      application_properties: {
        'watershard-id': id,
        'watershard-operation': operation,
        'watershard-cluster': cluster,
      },
    };
  };
}

/** @throws WatershardError EXPORTER_MISCONFIGURED where the connection string is none */
export function accessOf(config: ServicebusConfig): Access {
  const wrong = (why: string): WatershardError =>
    new WatershardError('EXPORTER_MISCONFIGURED', `connectionString of exporter ${config.name} ${why}`);
  const { connectionString, host = '', port, user, password, tls } = config;
  if (connectionString === undefined) {
    const secure = tls !== false;
    const at = { host, port: port ?? (secure ? TLS_PORT : PLAIN_PORT), tls: secure };
    return user === undefined || password === undefined ? at : { ...at, user, password };
  }
  const access = parseConnectionString(connectionString);
  if (typeof access === 'string') throw wrong(access);
  const entity = config.queue ?? config.topic;
  if (access.entity !== undefined && access.entity !== entity)
    throw wrong(`is for ${access.entity}, not for ${entity}`);
  return tls === undefined ? access : { ...access, tls: tls !== false };
}

import { posix } from 'node:path';
import { WatershardError } from '../model/errors.ts';
import { awsBus } from './kollect-buses/aws.ts';
import { azureServiceBus } from './kollect-buses/azuresb.ts';
import { gcpPubsub } from './kollect-buses/gcppubsub.ts';
import { rabbit } from './kollect-buses/rabbit.ts';

/** The flags of kollect, by their names; what was not given is the empty text, as it is there. */
export interface KollectFlags {
  readonly clusterId: string;
  readonly eventWriterUrl: string;
  readonly kubeConfig: string;
  readonly namespace: string;
  readonly waitForSync: boolean;
  /** Ours: kollect keeps nothing, and its port is fixed. */
  readonly dataDir: string;
  readonly listen: string;
}

type Environment = Readonly<Record<string, string | undefined>>;
type Settings = Readonly<Record<string, unknown>>;

/** The buses of kollect, and what their URLs name. */
const TARGETS: Readonly<Record<string, string>> = {
  kafka: 'a topic',
  nats: 'a subject',
  awssns: 'the ARN of a topic',
  awssqs: 'the URL of a queue',
  gcppubsub: 'a topic',
  azuresb: 'a topic',
  rabbit: 'an exchange',
};
const THERE_ARE = `there are ${Object.keys(TARGETS)
  .map((scheme) => `${scheme}:`)
  .join(', ')}`;

/**
 * The configuration that does what kollect does with these flags and this environment.
 * @throws WatershardError CONFIG_INVALID, CONFIG_VARIABLE_MISSING; never with a value of the environment in it
 */
export function kollectConfig(flags: KollectFlags, environment: Environment): Settings {
  const { clusterId, kubeConfig, namespace, waitForSync, dataDir, listen } = flags;
  return {
    cluster: { name: clusterName(clusterId) },
    ...(kubeConfig === '' ? {} : { kubeconfig: kubeConfig }),
    watch: {
      resources: ['*'],
      exclude: [],
      ...(namespace === '' ? {} : { namespaces: { include: [namespace], clusterScoped: false } }),
    },
    dataDir,
    exporters: [
      {
        name: 'bus',
        ...busOf(flags.eventWriterUrl, environment),
        encoding: 'kollect',
        clusterId,
        ...(waitForSync ? { operations: ['CREATED', 'UPDATED', 'DELETED'] } : {}),
      },
    ],
    ops: { listen, kollectPaths: waitForSync ? 'ready-when-synced' : 'ready-at-once' },
  };
}

/** What a cluster's name may be; kollect takes any id, and none. */
function clusterName(id: string): string {
  const name = id.replace(/[^A-Za-z0-9_.-]/g, '-').slice(0, 63);
  return name.replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '') || 'kollect';
}

function busOf(url: string, environment: Environment): Settings {
  const bad = (why: string): WatershardError => new WatershardError('CONFIG_INVALID', `--event-writer-url: ${why}`);
  if (url === '') throw bad('not given; write it like kafka://TOPIC or nats://SUBJECT');
  const [, scheme, host = '', path = '', query] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(\?.*)?/.exec(url) ?? [];
  if (scheme === undefined) throw bad('not a URL; write it like kafka://TOPIC or nats://SUBJECT');
  const what = TARGETS[scheme];
  if (what === undefined) throw bad(`no bus is called ${scheme}:; ${THERE_ARE}`);
  if (host + path === '') throw bad(`${scheme}: without ${what}`);
  const target = posix.join(host, path);
  if (scheme === 'awssns' || scheme === 'awssqs') return awsBus(scheme, target, query ?? '', bad);
  if (query !== undefined && query !== '?') throw bad(`${scheme}: takes no query parameters`);
  if (scheme === 'azuresb') return azureServiceBus(target, variable('SERVICEBUS_CONNECTION_STRING', environment));
  if (scheme === 'gcppubsub') {
    const bus = gcpPubsub(target);
    if (bus === undefined) throw bad('gcppubsub: takes projects/PROJECT/topics/TOPIC, or PROJECT/TOPIC');
    return bus;
  }
  if (scheme === 'rabbit') {
    const bus = rabbit(target, variable('RABBIT_SERVER_URL', environment));
    if (bus === undefined)
      throw bad('RABBIT_SERVER_URL is not an address; write it like amqp://user:password@host:5672/');
    return bus;
  }
  return scheme === 'kafka' ? kafka(target, environment) : nats(target, environment);
}

function kafka(topic: string, environment: Environment): Settings {
  const brokers = variable('KAFKA_BROKERS', environment)
    .split(',')
    .map((broker) => broker.trim());
  // The brokers may make a topic that kollect writes to, where they are set to.
  return { type: 'kafka', brokers, topic, createTopics: true, key: 'uid', partitioner: 'fnv1a' };
}

function nats(subject: string, environment: Environment): Settings {
  const servers: string[] = [];
  let access: Settings = {};
  for (const server of variable('NATS_SERVER_URL', environment).split(',')) {
    const [, scheme = '', who, where = ''] = /^([a-z]+:\/\/)?(?:(.*)@)?(.*)$/.exec(server.trim()) ?? [];
    servers.push(scheme + where);
    if (who !== undefined) access = accessOf(who);
  }
  return { type: 'nats', servers, subject, ...access };
}

/** `user:password`, or a token alone. */
function accessOf(who: string): Settings {
  const colon = who.indexOf(':');
  const plain = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text; // not percent-encoded
    }
  };
  if (colon < 0) return { token: plain(who) };
  return { user: plain(who.slice(0, colon)), password: plain(who.slice(colon + 1)) };
}

function variable(name: string, environment: Environment): string {
  const value = environment[name];
  if (value === undefined || value === '')
    throw new WatershardError('CONFIG_VARIABLE_MISSING', `open topic URL: ${name} environment variable not set`);
  return value;
}

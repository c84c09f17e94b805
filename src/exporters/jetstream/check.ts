import { randomUUID } from 'node:crypto';
import { DiscardPolicy, jetstreamManager, type StreamInfo } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { errorMessage, WatershardError } from '../../model/errors.ts';
import { type Finding, failed, ok, warning } from '../../model/finding.ts';
import type { CheckContext } from '../exporter-type.ts';
import { natsConnection, natsFault } from '../nats-connection.ts';
import type { JetStreamConfig } from './config.ts';
import { subjectCoverage, subjectPattern } from './request.ts';
import { checkTarget } from './target.ts';

/**
 * "expected stream does not match" (errors.json of nats-server). This condition is looked at before a message is proposed to the
 * replicas. Nats-Expected-Last-Msg-Id is not: where that is not met, nats-server 2.15.2 takes it for a failed write on every
 * replica, and the stream stops.
 */
const STREAM_NOT_MATCH = 10060;
const ANSWER_MS = 5000;
/** Of a limit at which a stream refuses messages instead of dropping old ones. */
const NEARLY_FULL = 0.9;

/** Looks at the stream, and publishes a message that the stream has to refuse: nothing is stored, and nobody gets it. */
export async function checkJetStream(config: JetStreamConfig, context: CheckContext): Promise<Finding[]> {
  const options = { ...natsConnection(config, context.cluster, () => 0), maxReconnectAttempts: 0 };
  const connection = await connect({ ...options, inboxPrefix: config.inboxPrefix }).catch((e: unknown) => {
    throw natsFault(config, e);
  });
  context.signal.addEventListener('abort', () => void connection.close(), { once: true });
  try {
    const server = `nats-server ${connection.info?.version} at ${connection.getServer()}`;
    try {
      const { warnings } = await checkTarget(connection, { ...config, createStream: false }, context.cluster);
      const said = warnings.map((text) => warning(text, 'See the message.'));
      const stream = await streamOf(connection, config.stream);
      const probe = await publish(connection, config, context.cluster, stream);
      return [...limits(connection, config, server, stream), ...probe, ...said, ...(await claims(connection, config))];
    } catch (e) {
      const missing = e instanceof WatershardError && e.code === 'EXPORTER_TARGET_MISSING';
      if (!missing || config.createStream === false) throw e;
      return [ok(`connected to ${server}; stream ${config.stream} is not there yet, and createStream makes it`)];
    }
  } finally {
    await connection.close();
  }
}

/** undefined where the user may not look at it, which is said elsewhere. */
async function streamOf(connection: NatsConnection, name: string): Promise<StreamInfo | undefined> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: ANSWER_MS });
  return await manager.streams.info(name).catch(() => undefined);
}

function limits(
  connection: NatsConnection,
  { stream: name }: JetStreamConfig,
  server: string,
  stream: StreamInfo | undefined,
): Finding[] {
  const most = connection.info?.max_payload ?? 0;
  if (stream === undefined) return [ok(`connected to ${server}; a message may have ${most} bytes`)];
  const { max_bytes, max_msgs, max_msg_size, discard } = stream.config;
  const largest = max_msg_size > 0 ? Math.min(max_msg_size, most) : most;
  const text = `connected to ${server}; stream ${name} is there with ${stream.state.messages} messages; one may have ${largest} bytes`;
  const shares = [
    max_bytes > 0 ? stream.state.bytes / max_bytes : 0,
    max_msgs > 0 ? stream.state.messages / max_msgs : 0,
  ];
  const full = Math.max(...shares);
  if (discard !== DiscardPolicy.New || full < NEARLY_FULL) return [ok(text)];
  const how = `stream ${name} is at ${Math.floor(full * 100)} % of its limit, and refuses what is new when it is full`;
  return [ok(text), warning(how, 'Raise max_bytes or max_msgs of the stream, or let it discard old messages.')];
}

async function publish(
  connection: NatsConnection,
  config: JetStreamConfig,
  cluster: string,
  stream: StreamInfo | undefined,
): Promise<Finding[]> {
  const pattern = subjectPattern(config.subject, cluster);
  const subjects = stream?.config.subjects;
  if (subjects !== undefined && !subjects.some((s) => subjectCoverage(s, pattern) === 'all')) return [];
  const subject = pattern.replaceAll('*', 'watershard-doctor');
  const condition = headers();
  // No stream has this name, so that each of them refuses the message.
  condition.set('Nats-Expected-Stream', `watershard-doctor-${randomUUID()}`);
  let text: string;
  try {
    const answer = await connection.request(subject, new Uint8Array(0), { headers: condition, timeout: ANSWER_MS });
    text = answer.string();
  } catch (e) {
    const remedy = `Let the NATS user publish to ${pattern}, and subscribe to ${config.inboxPrefix}.>; see that the stream has a leader.`;
    return [failed(`publishing to ${subject} got no answer of the stream: ${errorMessage(e)}`, remedy)];
  }
  const { code, taker, description } = refusal(text);
  if (code === STREAM_NOT_MATCH && taker === config.stream)
    return [
      ok(`stream ${taker} takes messages to ${subject}: it refused one as it was asked to, and nothing is stored`),
    ];
  const remedy = 'See the words of the server; the stream has to take the subjects of the exporter.';
  if (code === STREAM_NOT_MATCH) return [failed(`messages to ${subject} go to another stream, ${taker}`, remedy)];
  return [failed(`a message to ${subject} was answered with: ${description} (${code})`, remedy)];
}

function refusal(text: string): { readonly code: number; readonly taker: string; readonly description: string } {
  try {
    const { error, stream } = JSON.parse(text) as {
      readonly error?: { readonly err_code?: number; readonly description?: string };
      readonly stream?: string;
    };
    return { code: error?.err_code ?? 0, taker: stream ?? '', description: error?.description ?? 'no error' };
  } catch {
    return { code: 0, taker: '', description: 'what is no answer of JetStream' };
  }
}

async function claims(connection: NatsConnection, { oversize, claimCheck }: JetStreamConfig): Promise<Finding[]> {
  if (oversize !== 'claim-check') return [];
  const { bucket, create } = claimCheck;
  if ((await streamOf(connection, `OBJ_${bucket}`)) !== undefined) return [ok(`object store ${bucket} is there`)];
  if (create) return [ok(`object store ${bucket} is not there yet, and claimCheck.create makes it`)];
  const remedy = `Run: nats object add ${bucket}; or set claimCheck.create: true.`;
  return [failed(`object store ${bucket} for records that are too large is not there`, remedy)];
}

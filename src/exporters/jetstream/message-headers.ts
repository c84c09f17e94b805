import { cloudEventHeaders, cloudEventSource } from '../../model/cloudevents.ts';
import { headerWriter } from '../../model/nats-frame.ts';
import type { JetStreamConfig } from './config.ts';
import type { Message } from './message.ts';
import { replyLength } from './reply.ts';
import { type Claim, subjectFault } from './request.ts';

/**
 * The header block of messages that are not sent as the lane has them, those of CloudEvents in binary mode included.
 * @returns a function of the message and, where it goes as a reference from now on, of the claim
 */
export function messageHeaders(
  { stream, encoding, cloudEventsMode, inboxPrefix }: JetStreamConfig,
  cluster: string,
): (message: Message, claim?: Claim) => Uint8Array {
  const write = headerWriter(stream);
  const isBinary = encoding === 'cloudevents' && cloudEventsMode === 'binary';
  const make = (message: Message, claim: Claim | undefined): Uint8Array => {
    const { group, resource } = message.batch.resource;
    const attributes = isBinary ? cloudEventHeaders(cloudEventSource({ cluster, group, resource }), message) : {};
    const reference = claim === undefined ? {} : { 'Watershard-Claim-Check': `${claim.bucket}/${claim.name}` };
    return Buffer.from(write(message.id, message.operation, { ...attributes, ...reference }));
  };
  return (message, claim) => {
    if (claim !== undefined) message.headers = make(message, claim);
    message.headers ??= message.framed ? message.framedHeaders(replyLength(inboxPrefix)) : make(message, undefined);
    return message.headers;
  };
}

/** Why a message cannot be sent as it is, or undefined. @param limit bytes of headers and payload that the server takes */
export function messageFault(
  message: Message,
  limit: number,
  headers: (message: Message) => Uint8Array,
): { readonly code: 'RECORD_REJECTED' | 'RECORD_TOO_LARGE'; readonly reason: string } | undefined {
  // A frame is longer than what the server counts, so that most need no closer look; and it was made for a fit subject.
  if (message.framed && message.frameEnd - message.frameStart <= limit) return undefined;
  const fault = message.framed ? undefined : subjectFault(message.subject);
  if (fault !== undefined) return { code: 'RECORD_REJECTED', reason: fault };
  const size = headers(message).length + message.bytes;
  if (size <= limit) return undefined;
  return { code: 'RECORD_TOO_LARGE', reason: `it has ${size} bytes with its headers, the server takes ${limit}` };
}

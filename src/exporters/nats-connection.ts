import { readFileSync } from 'node:fs';
import { type ConnectionOptions, credsAuthenticator, errors } from '@nats-io/transport-node';
import { errorMessage, WatershardError } from '../model/errors.ts';
import type { NatsAccess } from './nats-options.ts';

/** Options of a connection to NATS that is made again for as long as it takes. @param delay milliseconds before the next attempt */
export function natsConnection(access: NatsAccess, cluster: string, delay: () => number): ConnectionOptions {
  const { servers, credentialsFile, token, user, password, tls } = access;
  const options: ConnectionOptions = {
    servers: [...servers],
    name: `watershard ${cluster}`,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: delay,
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
    timeout: 5000,
    // A half-open connection is found out within half a minute.
    pingInterval: 10_000,
    maxPingOut: 2,
  };
  // Read at each connect, so that renewed credentials are taken up.
  if (credentialsFile !== undefined)
    options.authenticator = (nonce) => credsAuthenticator(readFileSync(credentialsFile))(nonce);
  if (token !== undefined) options.token = token;
  if (user !== undefined) options.user = user;
  if (password !== undefined) options.pass = password;
  if (tls !== undefined) {
    options.tls = { handshakeFirst: tls.handshakeFirst };
    if (tls.ca !== undefined) options.tls.caFile = tls.ca;
    if (tls.cert !== undefined) options.tls.certFile = tls.cert;
    if (tls.key !== undefined) options.tls.keyFile = tls.key;
  }
  return options;
}

/** Why no connection could be made, or was lost. */
export function natsFault({ servers }: NatsAccess, cause: unknown): WatershardError {
  const text = errorMessage(cause);
  const refused =
    cause instanceof errors.AuthorizationError ||
    cause instanceof errors.UserAuthenticationExpiredError ||
    /authorization|authentication|credential|nkey/i.test(text);
  const message = `connecting to NATS at ${servers.join(', ')}: ${text}`;
  return new WatershardError(refused ? 'EXPORTER_REFUSED' : 'EXPORTER_UNREACHABLE', message, { cause });
}

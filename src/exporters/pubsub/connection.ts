import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { errorMessage, WatershardError } from '../../model/errors.ts';
import type { PubsubConfig } from './config.ts';

export type Driver = typeof import('@google-cloud/pubsub');
export type Client = InstanceType<Driver['v1']['PublisherClient']>;
type ClientOptions = NonNullable<ConstructorParameters<Driver['v1']['PublisherClient']>[0]>;
type ChannelCredentials = NonNullable<ClientOptions['sslCreds']>;
type Auth = NonNullable<ClientOptions['auth']>;
type Access = Pick<PubsubConfig, 'endpoint' | 'keyFile' | 'tls'>;

/** Of google-gax, which comes with the driver, and through which alone its gRPC can be reached. */
interface Gax {
  readonly GoogleAuth: new (options: object) => Auth;
  readonly grpc: {
    readonly Metadata: new () => Metadata;
    readonly credentials: {
      createInsecure(): ChannelCredentials;
      createSsl(ca?: Buffer, key?: Buffer, cert?: Buffer, verify?: Verification): ChannelCredentials;
      createFromGoogleCredential(client: { getRequestHeaders(url: string): Promise<object> }): object;
      combineChannelCredentials(channel: ChannelCredentials, call: object): ChannelCredentials;
    };
  };
}

interface Verification {
  readonly checkServerIdentity?: (host: string, certificate: PeerCertificate) => Error | undefined;
}

export interface Metadata {
  set(name: string, value: string): void;
}

/** A call on its way. */
export interface Call {
  cancel(): void;
}

/** Methods of the service as gRPC has them: nothing is repeated, put together with other calls, or logged on the way. */
export type Stub = Readonly<
  Record<
    'publish' | 'getTopic' | 'createTopic',
    (
      request: object,
      metadata: Metadata,
      options: { readonly deadline: number },
      answer: (error: unknown) => void,
    ) => Call
  >
>;

export interface Connection {
  readonly client: Client;
  readonly stub: Stub;
  /** Where requests go, for messages. */
  readonly address: string;
  readonly project: string;
  /** For a call on this topic, by which the service finds the way. */
  metadataFor(topic: string): Metadata;
}

const SCOPES = ['https://www.googleapis.com/auth/cloud-platform', 'https://www.googleapis.com/auth/pubsub'];
const UNIVERSE = 'googleapis.com';

/** Where the service is, and whether it is an emulator. PUBSUB_EMULATOR_HOST is what Google's own clients read. */
export function addressOf(
  endpoint: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly host: string; readonly port: number; readonly emulator: boolean } {
  const { PUBSUB_EMULATOR_HOST: emulated = '' } = environment;
  const url = URL.parse(
    endpoint ?? (emulated === '' ? `https://pubsub.${UNIVERSE}` : `http://${emulated.replace(/^https?:\/\//, '')}`),
  );
  if (url === null)
    throw new WatershardError('EXPORTER_MISCONFIGURED', `PUBSUB_EMULATOR_HOST is no host:port: ${emulated}`);
  const emulator = url.protocol === 'http:';
  return { host: url.hostname, port: Number(url.port || (emulator ? 80 : 443)), emulator };
}

/** @throws WatershardError where there are no credentials, or the settings cannot be right */
export async function connect(
  driver: Driver,
  access: Access,
  project: string | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Connection> {
  const gax = createRequire(import.meta.resolve('@google-cloud/pubsub'))('google-gax') as Gax;
  const { host, port, emulator } = addressOf(access.endpoint, environment);
  const auth = new gax.GoogleAuth({
    scopes: SCOPES,
    ...(access.keyFile === undefined ? {} : { keyFilename: access.keyFile }),
    // Else the credentials would be looked for to learn it, also for an emulator.
    ...(emulator ? { clientOptions: { universeDomain: UNIVERSE } } : {}),
  });
  // The key of a service account signs for itself, and no other server is asked for a token.
  auth.useJWTAccessWithScope = true;
  const sslCreds = emulator ? gax.grpc.credentials.createInsecure() : await withGoogle(gax, auth, access, host);
  const client = new driver.v1.PublisherClient({
    auth,
    sslCreds,
    servicePath: host,
    port,
    ...(isAddress(host) ? { 'grpc.ssl_target_name_override': 'localhost' } : {}),
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
    // Else a new client would be given the connection of the one before, which may carry nothing any more.
    'grpc.use_local_subchannel_pool': 1,
  });
  const stub = (await client.initialize()) as unknown as Stub;
  return {
    client,
    stub,
    address: `${host}:${port}`,
    project: project ?? (await projectOf(auth, emulator, environment)),
    metadataFor: (topic) => {
      const metadata = new gax.grpc.Metadata();
      metadata.set('x-goog-request-params', `topic=${encodeURIComponent(topic)}`);
      return metadata;
    },
  };
}

/** gRPC tells the server its host as its name, which an address may not be: another is told, and the address is compared. */
function isAddress(host: string): boolean {
  return isIP(host.replace(/^\[|\]$/g, '')) !== 0;
}

async function withGoogle(gax: Gax, auth: Auth, access: Access, host: string): Promise<ChannelCredentials> {
  const { keyFile, tls = {} } = access;
  const { credentials } = gax.grpc;
  const compare: Verification = { checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate) };
  const verify = isAddress(host) ? [compare] : [];
  const ssl = credentials.createSsl(read(tls.ca), read(tls.key), read(tls.cert), ...verify);
  try {
    if (keyFile !== undefined) checkJson(keyFile);
    const google = await auth.getClient();
    const call = credentials.createFromGoogleCredential({
      getRequestHeaders: async (url) => Object.fromEntries(await google.getRequestHeaders(url)),
    });
    return credentials.combineChannelCredentials(ssl, call);
  } catch (cause) {
    const what = keyFile === undefined ? 'credentials of Google' : `the credentials in ${keyFile}`;
    throw new WatershardError('EXPORTER_REFUSED', `looking for ${what}: ${errorMessage(cause)}`, { cause });
  }
}

/** The library takes what is no JSON for a key of another form. What is wrong with it is not told: that would show some of it. */
function checkJson(file: string): void {
  const text = readFileSync(file, 'utf8');
  try {
    JSON.parse(text);
  } catch {
    throw new Error('the file is not JSON');
  }
}

async function projectOf(
  auth: Auth,
  emulator: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const { PUBSUB_PROJECT_ID: first, GOOGLE_CLOUD_PROJECT: named = first } = environment;
  if (named !== undefined && named !== '') return named;
  const hint = 'the topic names no project; set project, or write the topic as projects/PROJECT/topics/TOPIC';
  if (emulator) throw new WatershardError('EXPORTER_MISCONFIGURED', hint);
  try {
    return await auth.getProjectId();
  } catch (cause) {
    throw new WatershardError('EXPORTER_MISCONFIGURED', `${hint} (${errorMessage(cause)})`, { cause });
  }
}

function read(file: string | undefined): Buffer | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new WatershardError('EXPORTER_MISCONFIGURED', `reading ${file} for TLS: ${errorMessage(cause)}`, { cause });
  }
}

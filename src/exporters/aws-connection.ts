import { readFileSync } from 'node:fs';
import { type ErrorCode, errorMessage, WatershardError } from '../model/errors.ts';
import { UNCACHED_FILES } from './aws-key.ts';
import type { AwsSettings } from './aws-options.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** Of an error's words: those about a wrong signature go on with all that was signed, session tokens too. */
const MOST_WORDS = 300;

/** Codes of the common errors of AWS and those of SQS, SNS and KMS, in the forms of both protocols, where the HTTP status does not say it. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  QueueDoesNotExist: 'EXPORTER_TARGET_MISSING',
  'AWS.SimpleQueueService.NonExistentQueue': 'EXPORTER_TARGET_MISSING',
  QueueDeletedRecently: 'EXPORTER_TARGET_MISSING',
  NotFound: 'EXPORTER_TARGET_MISSING',
  NotFoundException: 'EXPORTER_TARGET_MISSING',
  CredentialsProviderError: 'EXPORTER_REFUSED',
  TokenProviderError: 'EXPORTER_REFUSED',
  InvalidClientTokenId: 'EXPORTER_REFUSED',
  UnrecognizedClientException: 'EXPORTER_REFUSED',
  SignatureDoesNotMatch: 'EXPORTER_REFUSED',
  InvalidSignatureException: 'EXPORTER_REFUSED',
  IncompleteSignature: 'EXPORTER_REFUSED',
  MissingAuthenticationToken: 'EXPORTER_REFUSED',
  ExpiredToken: 'EXPORTER_REFUSED',
  ExpiredTokenException: 'EXPORTER_REFUSED',
  RequestExpired: 'EXPORTER_REFUSED',
  AccessDenied: 'EXPORTER_REFUSED',
  AccessDeniedException: 'EXPORTER_REFUSED',
  AuthorizationError: 'EXPORTER_REFUSED',
  AuthorizationErrorException: 'EXPORTER_REFUSED',
  OptInRequired: 'EXPORTER_REFUSED',
  InvalidSecurity: 'EXPORTER_REFUSED',
};
/** The key that a queue or topic is encrypted with: away, disabled or not for us. */
const KMS = /^(AWS\.SimpleQueueService\.)?KMS/i;
const THROTTLED =
  /Throttl|OverLimit|SlowDown|TooManyRequests|LimitExceeded|ServiceUnavailable|InternalError|InternalFailure/i;
/** Of a whole request: one of its messages is the reason. */
const CONTENT =
  /^(AWS\.SimpleQueueService\.)?(BatchRequestTooLong|InvalidMessageContents|InvalidParameterValue|InvalidParameter|InvalidAttributeValue|InvalidBatchEntryId|ParameterValueInvalid|ValidationError|ValidationException)(Exception)?$/;

interface Fault {
  readonly name?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/**
 * An error of the SDK as one of the closed set, with the code of AWS, by which its meaning can be looked up.
 * @param unknown what it is where the code says nothing; by default the HTTP status decides
 */
export function awsFault(doing: string, error: unknown, unknown?: ErrorCode): WatershardError {
  if (error instanceof WatershardError) return error;
  const { name = '', $metadata } = (typeof error === 'object' && error !== null ? error : {}) as Fault;
  const code = codeOf(name) ?? (/Region is missing/.test(errorMessage(error)) ? 'EXPORTER_MISCONFIGURED' : undefined);
  const words = wordsOf(errorMessage(error));
  const said = $metadata === undefined || name === '' || words.includes(name) ? words : `${name}: ${words}`;
  const options = { cause: withoutWords(error) };
  return new WatershardError(code ?? unknown ?? codeOfStatus($metadata?.httpStatusCode), `${doing}: ${said}`, options);
}

/** Whether it says that one of the messages of the request cannot be taken. */
export function isContentFault(error: unknown): boolean {
  const { name = '', message = '', $metadata } = (typeof error === 'object' && error !== null ? error : {}) as Fault;
  if (/TopicArn|QueueUrl|QueueName/.test(message)) return false; // the target itself
  return CONTENT.test(name) || $metadata?.httpStatusCode === 413;
}

/** Whether the credentials may do something else than this. */
export function isDenied(error: unknown): boolean {
  const { name = '' } = (typeof error === 'object' && error !== null ? error : {}) as Fault;
  return /^(AccessDenied|AuthorizationError)(Exception)?$/.test(name);
}

export interface EntryFault {
  readonly Code?: string | undefined;
  readonly Message?: string | undefined;
  readonly SenderFault?: boolean | undefined;
}

/** Why one message of a request was not taken: for what it is, or for a reason that passes. */
export function entryFault({
  Code = '',
  Message = '',
  SenderFault,
}: EntryFault):
  | { readonly type: 'refused'; readonly code: 'RECORD_TOO_LARGE' | 'RECORD_REJECTED'; readonly reason: string }
  | { readonly type: 'again'; readonly code: ErrorCode; readonly reason: string } {
  const reason = wordsOf([Code, Message].filter((text) => text !== '').join(': '));
  const known = codeOf(Code);
  // A missing permission or too many requests are called a fault of the sender too.
  if (SenderFault === true && known === undefined && !THROTTLED.test(Code))
    return { type: 'refused', code: isSize(Code, Message) ? 'RECORD_TOO_LARGE' : 'RECORD_REJECTED', reason };
  return { type: 'again', code: known ?? 'EXPORTER_UNREACHABLE', reason };
}

/** As `entryFault`, of a request with this message alone. */
export function contentFault(error: unknown): {
  readonly code: 'RECORD_TOO_LARGE' | 'RECORD_REJECTED';
  readonly reason: string;
} {
  const { name = '', message = '', $metadata } = error as Fault;
  const large = isSize(name, message) || $metadata?.httpStatusCode === 413;
  return { code: large ? 'RECORD_TOO_LARGE' : 'RECORD_REJECTED', reason: wordsOf(`${name}: ${message}`) };
}

function isSize(code: string, message: string): boolean {
  return /TooLong|too (long|large)|shorter than|longer than|size|exceed/i.test(`${code} ${message}`);
}

function codeOf(name: string): ErrorCode | undefined {
  if (Object.hasOwn(CODES, name)) return CODES[name];
  return KMS.test(name) && !THROTTLED.test(name) ? 'EXPORTER_REFUSED' : undefined;
}

function codeOfStatus(status: number | undefined): ErrorCode {
  if (status === 401 || status === 403) return 'EXPORTER_REFUSED';
  return status === 404 ? 'EXPORTER_TARGET_MISSING' : 'EXPORTER_UNREACHABLE';
}

function wordsOf(text: string): string {
  const line = text.split('\n')[0] ?? '';
  return line
    .replace(/Authorization=.*/, '')
    .trim()
    .slice(0, MOST_WORDS);
}

/** What may be logged as the cause. */
function withoutWords(error: unknown): Error {
  const { name = 'Error', message = '' } = error as Fault;
  const cause = new Error(wordsOf(message));
  cause.name = name;
  return cause;
}

/** Settings of a client of the SDK. Its own retries are off: the exporter's keep the order. */
export function clientSettings(
  { endpoint, profile, ca, region, concurrency }: AwsSettings,
  targetRegion: string | undefined,
): ClientSettings {
  // A server other than that of AWS takes any region, but the SDK wants one.
  const fallback = endpoint !== undefined && process.env.AWS_REGION === undefined ? 'us-east-1' : undefined;
  const where = region ?? targetRegion ?? fallback;
  const agent = { keepAlive: true, maxSockets: concurrency };
  return {
    ...UNCACHED_FILES,
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      httpAgent: agent,
      httpsAgent: { ...agent, ...(ca === undefined ? {} : { ca: readCa(ca) }) },
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(where === undefined ? {} : { region: where }),
    ...(profile === undefined ? {} : { profile }),
  };
}

interface ClientSettings {
  readonly ignoreCache: boolean;
  readonly maxAttempts: number;
  readonly requestHandler: {
    readonly connectionTimeout: number;
    readonly httpAgent: { readonly keepAlive: boolean; readonly maxSockets: number };
    readonly httpsAgent: { readonly keepAlive: boolean; readonly maxSockets: number; readonly ca?: Buffer };
  };
  readonly endpoint?: string;
  readonly region?: string;
  readonly profile?: string;
}

function readCa(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const text = `reading the authorities in ca: ${errorMessage(cause)}`;
    throw new WatershardError('EXPORTER_MISCONFIGURED', text, { cause });
  }
}

import { type ErrorCode, WatershardError } from '../../model/errors.ts';

/** What the client library's errors, of whatever kind, may have. */
interface Fault {
  readonly code?: unknown;
  readonly apiId?: unknown;
  readonly message?: unknown;
  readonly errors?: readonly unknown[];
  readonly response?: unknown;
  readonly cause?: unknown;
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  PLT_KFK_AUTHENTICATION: 'EXPORTER_REFUSED',
  SASL_AUTHENTICATION_FAILED: 'EXPORTER_REFUSED',
  UNSUPPORTED_SASL_MECHANISM: 'EXPORTER_REFUSED',
  TOPIC_AUTHORIZATION_FAILED: 'EXPORTER_REFUSED',
  CLUSTER_AUTHORIZATION_FAILED: 'EXPORTER_REFUSED',
  POLICY_VIOLATION: 'EXPORTER_REFUSED',
  UNKNOWN_TOPIC_OR_PARTITION: 'EXPORTER_TARGET_MISSING',
  KAFKA_STORAGE_ERROR: 'EXPORTER_FULL',
};

/** Errors of one partition that concern what is in the request, by their number in Kafka's protocol. */
export const TOO_LARGE: ReadonlySet<number> = new Set([10, 18]); // MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE
export const REFUSED: ReadonlySet<number> = new Set([17, 32, 87]); // INVALID_TOPIC_EXCEPTION, INVALID_TIMESTAMP, INVALID_RECORD

/** An error of the client library as one of the closed set: its innermost words, each once. */
export function kafkaFault(doing: string, error: unknown): WatershardError {
  if (error instanceof WatershardError) return error;
  const faults = leaves(error);
  const code = faults
    .flatMap(withCauses)
    .map((f) => CODES[String(f.apiId)] ?? CODES[String(f.code)])
    .find((c) => c !== undefined);
  const missing = faults.some(({ message }) => /^Unknown topic/.test(String(message)));
  const words = [...new Set(faults.map(wordsOf))].slice(-3).join('; ');
  const known = code ?? (missing ? 'EXPORTER_TARGET_MISSING' : 'EXPORTER_UNREACHABLE');
  return new WatershardError(known, `${doing}: ${words}`, { cause: error });
}

function wordsOf({ apiId, message, cause }: Fault): string {
  const own = typeof apiId === 'string' ? `${apiId}: ${String(message)}` : String(message);
  const inner = (cause as Fault | undefined)?.message;
  return typeof inner === 'string' && !own.includes(inner) ? `${own} (${inner})` : own;
}

/** A refusal of credentials is the cause of an error of the network. */
function withCauses(fault: Fault): Fault[] {
  const { cause } = fault;
  return typeof cause === 'object' && cause !== null ? [fault, ...leaves(cause).flatMap(withCauses)] : [fault];
}

function leaves(error: unknown): Fault[] {
  const fault = (typeof error === 'object' && error !== null ? error : { message: String(error) }) as Fault;
  const below = (fault.errors ?? []).filter((e) => e !== undefined && e !== null).flatMap(leaves);
  return below.length > 0 ? below : [fault];
}

/** Whether it says that a topic does not exist. */
export function isMissing(error: unknown): boolean {
  return kafkaFault('', error).code === 'EXPORTER_TARGET_MISSING';
}

interface PartitionAnswer {
  readonly index: number;
  readonly errorCode: number;
}

/** What the brokers said of each partition, `<topic>:<partition>`, in the answers that a failed send left behind: 0 is stored. */
export function partitionCodes(error: unknown): Map<string, number> {
  const codes = new Map<string, number>();
  const visit = (at: unknown): void => {
    if (typeof at !== 'object' || at === null) return;
    const { errors, response } = at as Fault;
    for (const inner of errors ?? []) visit(inner);
    note(response);
  };
  const note = (response: unknown): void => {
    const { responses } = (response ?? {}) as {
      responses?: readonly { name: string; partitionResponses: readonly PartitionAnswer[] }[];
    };
    for (const { name, partitionResponses } of responses ?? [])
      for (const { index, errorCode } of partitionResponses) codes.set(`${name}:${index}`, errorCode);
  };
  visit(error);
  const { produced } = error as { produced?: { offsets?: readonly { topic: string; partition: number }[] } };
  for (const { topic, partition } of produced?.offsets ?? []) codes.set(`${topic}:${partition}`, 0);
  return codes;
}

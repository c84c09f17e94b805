import { ERROR_CODES } from '../model/error-codes.ts';
import { errorMessage, WatershardError } from '../model/errors.ts';
import { type Finding, ok, warning } from '../model/finding.ts';
import { AwsBatchSink, type BatchTarget } from './aws-batch-sink.ts';
import { awsFault, isDenied } from './aws-connection.ts';
import type { AwsMessage, MessageSource } from './aws-message.ts';
import type { AwsSettings } from './aws-options.ts';
import { type Advice, advised, writeProbe } from './bus-check.ts';
import type { CheckContext } from './exporter-type.ts';

/** A request to send without a message: there is nothing to store. */
const EMPTY = /EmptyBatchRequest/;
/** Servers that look at the form of a request first call it so. */
const MALFORMED =
  /^(InvalidParameter|InvalidParameterValue|MissingParameter|ValidationError|ValidationException|InvalidRequest)(Exception)?$/;

/**
 * Looks for the queue or topic, and makes a request to send that has no message: nobody gets anything, and it may be answered
 * with a denial where the right to send is missing.
 * @param right to send, as IAM calls it
 */
export async function checkAws(
  target: BatchTarget,
  settings: AwsSettings,
  messageOf: (record: MessageSource) => AwsMessage,
  right: string,
  { signal, write }: CheckContext,
): Promise<Finding[]> {
  const sink = new AwsBatchSink(target, settings, messageOf);
  const where = settings.endpoint ?? `AWS in region ${await target.region().catch(errorMessage)}`;
  const what = `${target.name} at ${where}`;
  const advice: Advice = {
    EXPORTER_TARGET_MISSING: `Make it (${target.create}), or correct its name, the region or the account.`,
    EXPORTER_REFUSED:
      'Give credentials that the SDK finds (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, profile, the role of the pod), renew what has expired, and see that they are for this region.',
    EXPORTER_MISCONFIGURED: 'Set region, or AWS_REGION, and what else the message names.',
    EXPORTER_UNREACHABLE:
      'Check endpoint, region and network: a host that is not found is often that of a region with another name.',
  };
  try {
    await sink.open();
    const empty = await tryEmpty(target, what, right, signal);
    if (!write || empty.outcome === 'failed') return [empty];
    return [empty, await writeProbe(sink, what, { encoding: settings.encoding, subject: '' })];
  } catch (e) {
    return [isDenied((e as Error).cause) ? denied(e, right) : advised(e, advice)];
  } finally {
    await sink.close();
  }
}

async function tryEmpty(target: BatchTarget, what: string, right: string, signal: AbortSignal): Promise<Finding> {
  const there = `${what} is there`;
  try {
    await target.send([], signal);
  } catch (e) {
    const { name = '' } = e as Error;
    if (isDenied(e)) return denied(awsFault(`sending to ${what}`, e), right);
    if (MALFORMED.test(name)) {
      const text = `${there}; whether it may be sent to was not learnt: a request without a message was answered with ${name}`;
      return warning(text, `See that the credentials have ${right}, or try it with --write, which consumers see.`);
    }
    if (!EMPTY.test(`${name} ${errorMessage(e)}`)) throw awsFault(`sending to ${what}`, e);
  }
  return ok(
    `${there}, and answered a request to send without a message; with --write one is sent, which consumers see`,
  );
}

function denied(error: unknown, right: string): Finding {
  const fault = error instanceof WatershardError ? error : new WatershardError('EXPORTER_REFUSED', errorMessage(error));
  const text = errorMessage(fault);
  const remedy = `Allow ${right} to the identity, in its policy or in that of the target; and of its KMS key kms:GenerateDataKey and kms:Decrypt. ${ERROR_CODES.EXPORTER_REFUSED.remedy}`;
  return { outcome: 'failed', text, remedy, code: fault.code };
}

import { type Finding, ok } from '../../model/finding.ts';
import { type Advice, advised, probeSubject, writeProbe } from '../bus-check.ts';
import type { CheckContext } from '../exporter-type.ts';
import { idleContext, noThread } from '../idle-context.ts';
import { ServicebusSink } from './client.ts';
import type { ServicebusConfig } from './config.ts';

const PATIENCE_MS = 5000;
const nothing = (): undefined => undefined;

/** Opens the link that messages would go over, for which the broker wants the right to send. */
export async function checkServicebus(
  driver: typeof import('rhea'),
  config: ServicebusConfig,
  context: CheckContext,
): Promise<Finding[]> {
  // A broker that does not speak TLS says nothing to who does: it need not be waited for as in a run.
  const hasty = { ...config, connectTimeout: Math.min(config.connectTimeout, PATIENCE_MS) };
  const sink = new ServicebusSink(driver, hasty, idleContext(context, noThread), { trouble: nothing, lost: nothing });
  const { host, entity } = sink.status();
  const what = `${config.queue === undefined ? 'topic' : 'queue'} ${entity} at ${host}`;
  const advice: Advice = {
    EXPORTER_TARGET_MISSING: `Make it (az servicebus ${config.queue === undefined ? 'topic' : 'queue'} create --name ${entity}), or correct its name and the namespace.`,
    EXPORTER_REFUSED:
      'Correct the name and the key of the policy, or user and password; it needs the right Send (of the namespace, or of this queue or topic).',
    EXPORTER_UNREACHABLE:
      'Check host, network and port, and that it speaks TLS or not as tls says (5671 with TLS, 5672 without): Azure answers only with TLS, and only where its firewall lets this address in.',
    EXPORTER_FULL: 'Make room: read what is in it, or raise its maximum size.',
  };
  try {
    await sink.open();
    if (!context.write)
      return [ok(`${what} is there and gave a link to send over; with --write a message is sent, which consumers see`)];
    return [await writeProbe(sink, what, { encoding: config.encoding, subject: probeSubject(config.subject) })];
  } catch (e) {
    return [advised(e, advice)];
  } finally {
    await sink.close();
  }
}

import { type Finding, ok, warning } from '../../model/finding.ts';
import { type Advice, advised, probeSubject, writeProbe } from '../bus-check.ts';
import type { CheckContext } from '../exporter-type.ts';
import { idleContext, noThread } from '../idle-context.ts';
import { RabbitmqSink } from './client.ts';
import type { RabbitmqConfig } from './config.ts';

const nothing = (): undefined => undefined;

/** Looks at the exchange, and publishes a message that the broker has to refuse when it has looked at the right to write: nobody gets it. */
export async function checkRabbitmq(
  driver: typeof import('amqplib'),
  config: RabbitmqConfig,
  context: CheckContext,
): Promise<Finding[]> {
  // Nothing is made here, whatever a run may make; and a message that no queue gets is not waited for.
  const plain: RabbitmqConfig = { ...config, createExchange: false, unroutable: 'drop' };
  const sink = new RabbitmqSink(driver, plain, idleContext(context, noThread), { trouble: nothing, lost: nothing });
  const { exchange, createExchange, encoding, routingKey } = config;
  const name = exchange === '' ? 'the default exchange' : `exchange ${exchange}`;
  const subject = probeSubject(routingKey);
  const advice: Advice = {
    EXPORTER_TARGET_MISSING: `Declare the exchange, set createExchange, or correct its name and the virtual host (the path of the address).`,
    EXPORTER_REFUSED:
      'Correct user and password; the user needs access to the virtual host and the right to write to the exchange: rabbitmqctl set_permissions -p VHOST USER CONFIGURE WRITE READ. guest may come from the same host only.',
    EXPORTER_UNREACHABLE: 'Check the addresses, the ports (5672, with TLS 5671) and the network.',
  };
  try {
    await sink.open();
    const { node, words } = await sink.tryRefused(subject);
    if (context.write) return [await writeProbe(sink, `${name} at ${node}`, { encoding, subject })];
    const text = `${name} at ${node} is there`;
    if (words === undefined) {
      const remedy = 'See that the user may write to the exchange, or try it with --write, which consumers see.';
      return [warning(`${text}; whether it may be written to was not tried, as the broker is no RabbitMQ`, remedy)];
    }
    const rest = 'whether queues are bound is only seen with --write, which consumers see';
    return [ok(`${text} and may be written to: it refused a message as it was asked to, and nobody gets it; ${rest}`)];
  } catch (e) {
    const found = advised(e, advice);
    if (found.code !== 'EXPORTER_TARGET_MISSING' || createExchange === false || !/no exchange/i.test(found.text))
      return [found];
    return [ok(`${name} is not there yet, and createExchange makes it`)];
  } finally {
    await sink.close();
  }
}

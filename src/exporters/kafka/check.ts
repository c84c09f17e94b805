import { WatershardError } from '../../model/errors.ts';
import { type Finding, ok, warning } from '../../model/finding.ts';
import { type Advice, advised, writeProbe } from '../bus-check.ts';
import type { CheckContext } from '../exporter-type.ts';
import { idleContext, noThread } from '../idle-context.ts';
import { KafkaSink } from './client.ts';
import type { KafkaConfig } from './config.ts';

const ADVICE: Advice = {
  EXPORTER_TARGET_MISSING: 'Make the topic, set createTopics, or correct its name.',
  EXPORTER_REFUSED:
    'Correct user, password and mechanism of sasl; the user needs Write and Describe on the topic (and Create where createTopics is set).',
  EXPORTER_UNREACHABLE:
    'Check the addresses and the network, also those that the brokers tell of themselves (advertised.listeners); a broker that wants TLS or SASL hangs up on who speaks neither.',
};

/** Asks the brokers for the topic. A message that nobody sees cannot be written, so one is only where that was asked for. */
export async function checkKafka(
  driver: typeof import('@platformatic/kafka'),
  config: KafkaConfig,
  context: CheckContext,
): Promise<Finding[]> {
  const brokers = config.brokers.join(', ');
  // Nothing is made here, whatever a run may make.
  const sink = new KafkaSink(driver, { ...config, createTopics: false }, idleContext(context, noThread), {
    trouble: () => undefined,
    lost: () => undefined,
  });
  try {
    await sink.open();
    const { topic, encoding } = config;
    if (!topic.includes('{')) {
      if (context.write) return [await writeProbe(sink, `topic ${topic} at ${brokers}`, { encoding, subject: topic })];
      const seen = 'with --write a message is written, which consumers see';
      return [ok(`brokers at ${brokers} answer; topic ${topic} is there; ${seen}`)];
    }
    const remedy = 'Nothing to do where the topics are there, or createTopics is set.';
    return [warning(`brokers at ${brokers} answer; topics of ${config.topic} are known only by their records`, remedy)];
  } catch (e) {
    if (!(e instanceof WatershardError) || e.code !== 'EXPORTER_TARGET_MISSING' || config.createTopics === false)
      return [advised(e, ADVICE)];
    return [ok(`brokers at ${brokers} answer; topic ${config.topic} is not there yet, and createTopics makes it`)];
  } finally {
    await sink.close();
  }
}

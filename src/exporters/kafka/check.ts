import { WatershardError } from '../../model/errors.ts';
import { type Finding, ok, warning } from '../../model/finding.ts';
import type { CheckContext } from '../exporter-type.ts';
import { idleContext } from '../idle-context.ts';
import { KafkaSink } from './client.ts';
import type { KafkaConfig } from './config.ts';

/** Asks the brokers for the topic. A message that nobody sees cannot be written, so none is. */
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
    if (!config.topic.includes('{')) return [ok(`brokers at ${brokers} answer; topic ${config.topic} is there`)];
    const remedy = 'Nothing to do where the topics are there, or createTopics is set.';
    return [warning(`brokers at ${brokers} answer; topics of ${config.topic} are known only by their records`, remedy)];
  } catch (e) {
    if (!(e instanceof WatershardError) || e.code !== 'EXPORTER_TARGET_MISSING' || config.createTopics === false)
      throw e;
    return [ok(`brokers at ${brokers} answer; topic ${config.topic} is not there yet, and createTopics makes it`)];
  } finally {
    await sink.close();
  }
}

function noThread(): never {
  throw new WatershardError('INTERNAL', 'the check of a Kafka exporter needs no thread');
}

import { type Finding, failed, ok, warning } from '../../model/finding.ts';
import { type Advice, advised, writeProbe } from '../bus-check.ts';
import type { CheckContext } from '../exporter-type.ts';
import { idleContext, noThread } from '../idle-context.ts';
import { PubsubSink } from './client.ts';
import type { PubsubConfig } from './config.ts';
import type { Driver } from './connection.ts';

const ROLE = 'roles/pubsub.publisher';

/** Looks at the topic, and asks for the right to publish to it. */
export async function checkPubsub(driver: Driver, config: PubsubConfig, context: CheckContext): Promise<Finding[]> {
  // Nothing is made here, whatever a run may make.
  const sink = new PubsubSink(driver, { ...config, createTopic: false }, idleContext(context, noThread));
  const advice: Advice = {
    EXPORTER_TARGET_MISSING: `Make it (gcloud pubsub topics create), set createTopic, or correct its name and the project.`,
    EXPORTER_REFUSED: `Give credentials (GOOGLE_APPLICATION_CREDENTIALS, keyFile, or the identity of the pod) that have ${ROLE} on the topic; and see that the API is enabled in the project.`,
    EXPORTER_MISCONFIGURED: 'Set project, keyFile and endpoint as the message says.',
    EXPORTER_UNREACHABLE:
      'Check endpoint and network; an emulator is named by PUBSUB_EMULATOR_HOST or an endpoint with http://.',
  };
  const { encoding } = config;
  try {
    await sink.open();
    const topic = String(sink.status().topic);
    if (topic.includes('{')) {
      const remedy = 'Nothing to do where the topics are there, or createTopic is set.';
      return [warning(`the service is there; topics of ${topic} are known only by their records`, remedy)];
    }
    if (context.write) return [await writeProbe(sink, topic, { encoding, subject: '' })];
    const may = await sink.mayPublish();
    const seen = 'with --write a message is published, which consumers see';
    if (may === true) return [ok(`${topic} is there and may be published to, as it says when it is asked; ${seen}`)];
    if (may === undefined) return [ok(`${topic} is there; who may publish cannot be asked here; ${seen}`)];
    const remedy = `Run: gcloud pubsub topics add-iam-policy-binding with ${ROLE} for the identity.`;
    return [{ ...failed(`${topic} is there, and may not be published to`, remedy), code: 'EXPORTER_REFUSED' }];
  } catch (e) {
    const found = advised(e, advice);
    if (found.code !== 'EXPORTER_TARGET_MISSING' || !config.createTopic) return [found];
    return [ok(`topic ${config.topic} is not there yet, and createTopic makes it`)];
  } finally {
    await sink.close();
  }
}

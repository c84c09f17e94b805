/**
 * What host and path of `gcppubsub://projects/PROJECT/topics/TOPIC` or `gcppubsub://PROJECT/TOPIC` stand for; undefined where they
 * are neither. Credentials and PUBSUB_EMULATOR_HOST are looked for by the exporter, as by the library of kollect.
 */
export function gcpPubsub(target: string): Readonly<Record<string, unknown>> | undefined {
  const long = /^projects\/([^/]+)\/topics\/([^/]+)$/.exec(target);
  const [, project, topic] = long ?? /^([^/]+)\/([^/]+)$/.exec(target) ?? [];
  if (project === undefined || project === 'projects') return undefined;
  return { type: 'pubsub', topic: `projects/${project}/topics/${topic}`, key: 'uid' };
}

import { cloudEventHeaders, cloudEventSource } from '../../model/cloudevents.ts';
import type { JetStreamConfig } from './config.ts';
import type { Message } from './window.ts';

/** Makes the headers of CloudEvents in binary mode; none in any other mode. */
export function attributeWriter(
  { encoding, cloudEventsMode }: Pick<JetStreamConfig, 'encoding' | 'cloudEventsMode'>,
  cluster: string,
): (message: Message) => Record<string, string> | undefined {
  if (encoding !== 'cloudevents' || cloudEventsMode !== 'binary') return () => undefined;
  /** CloudEvents source of each stream. */
  const sources = new Map<string, string>();
  return (message) => {
    const { stream, resource } = message.batch;
    let source = sources.get(stream);
    if (source === undefined) {
      source = cloudEventSource({ cluster, group: resource.group, resource: resource.resource });
      sources.set(stream, source);
    }
    return cloudEventHeaders(source, message);
  };
}

import type { Encoding } from '../model/encoding.ts';
import type { LaneWish } from './exporter-type.ts';

/** What a bus wants whose messages carry one record each: a CloudEvent is one JSON document there. */
export function messageLane({
  encoding,
  subject,
  clusterId,
}: {
  readonly encoding: Encoding;
  /** Template of the routing key, where there is one. */
  readonly subject?: string;
  readonly clusterId?: string | undefined;
}): LaneWish {
  return {
    encoding,
    ...(subject === undefined ? {} : { subject }),
    ...(encoding === 'cloudevents' ? { cloudEvents: 'structured' } : {}),
    ...(clusterId === undefined ? {} : { clusterId }),
  };
}

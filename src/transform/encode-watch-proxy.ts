import { goJson } from '../model/go-json.ts';
import { asBuffer } from '../model/json-skip.ts';
import type { ChangeRecord, RecordContext } from '../model/record.ts';
import { byResource, type WatchProxyForm, watchProxyEvent } from '../model/watch-proxy.ts';
import { hasLongNumber, INTEGER, parseLong } from './digits.ts';

const NOTHING = new Uint8Array();
const NO_FORM: WatchProxyForm = { assetIds: {}, keepKind: false };

/**
 * The record as an entry of what VMware's watch-proxy posts (`data` of its body):
 *
 *     {"asset_type_id":…,"data":<object>,"uniqueId":"<cluster>-<uid>","event":"add"|"update"|"delete"}
 *
 * The object has its keys sorted, neither apiVersion nor kind, and the uniqueId in its metadata too, unless all of that was
 * pruned. Of a delete that was found by comparing only the identity is known, so its object is that. A gap, which has no
 * word there, becomes the empty text, which exporters leave out.
 */
export function watchProxyEncoder(
  context: RecordContext,
  { clusterName = context.cluster, assetIds, keepKind, objectOnly }: WatchProxyForm = NO_FORM,
): (record: ChangeRecord) => Uint8Array {
  const head = `{"asset_type_id":${goJson(byResource(assetIds, context) ?? '')},"data":`;
  return (record) => {
    const event = watchProxyEvent(record.operation);
    if (event === undefined) return NOTHING;
    const uniqueId = `${clusterName}-${record.uid}`;
    const object = record.object === undefined ? identity(record) : parse(record.object);
    if (!keepKind) {
      delete object.apiVersion;
      delete object.kind;
    }
    const { metadata } = object;
    if (typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata))
      (metadata as Record<string, unknown>).uniqueId = uniqueId;
    if (objectOnly === true) return Buffer.from(goJson(object));
    return Buffer.from(`${head}${goJson(object)},"uniqueId":${goJson(uniqueId)},"event":"${event}"}`);
  };
}

function identity({ namespace, name, uid, resourceVersion }: ChangeRecord): Record<string, unknown> {
  return { metadata: { name, ...(namespace === '' ? {} : { namespace }), resourceVersion, uid } };
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  const value = hasLongNumber(bytes) ? parseLong(bytes, longInteger) : JSON.parse(asBuffer(bytes).toString('utf8'));
  return value as Record<string, unknown>;
}

/** watch-proxy has every number as a double; an integer is written here as it was read. */
function longInteger(source: string, value: number): unknown {
  return INTEGER.test(source) ? BigInt(source) : value;
}

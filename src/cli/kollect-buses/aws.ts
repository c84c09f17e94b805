type Settings = Readonly<Record<string, unknown>>;

/** Query parameters that gocloud.dev v0.25 knows, for version 1 of the SDK of AWS for Go, which is the default, and version 2. */
const PARAMETERS = {
  v1: ['region', 'endpoint', 'disableSSL', 's3ForcePathStyle', 'awssdk'],
  v2: ['region', 'profile', 'awssdk'],
};
/** As Go's strconv.ParseBool reads them. */
const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

/**
 * `awssns:///ARN` and `awssqs://HOST/ACCOUNT/QUEUE`. Credentials, and a region that is not given, are looked for by the SDK.
 * @throws WatershardError made by `bad`
 */
export function awsBus(
  scheme: 'awssns' | 'awssqs',
  target: string,
  query: string,
  bad: (why: string) => Error,
): Settings {
  const given = new URLSearchParams(query);
  const version = /^v2$/i.test(given.get('awssdk') ?? '') ? 'v2' : 'v1';
  for (const name of given.keys())
    if (!PARAMETERS[version].includes(name)) throw bad(`${scheme}: unknown query parameter "${name}"`);
  for (const name of ['disableSSL', 's3ForcePathStyle'])
    if (given.has(name) && ![...TRUE, ...FALSE].includes(given.get(name) ?? ''))
      throw bad(`${scheme}: the query parameter ${name} is neither true nor false`);
  const place = target.replace(/^\//, '');
  const arn = /^arn:(aws[\w-]*):sns:([a-z0-9-]+):/.exec(place);
  if (scheme === 'awssns' && arn === null)
    throw bad(
      'awssns: takes the ARN of a topic; write it like awssns:///arn:aws:sns:eu-central-1:123456789012:changes',
    );
  const [, partition = '', region = ''] = arn ?? [];
  const suffix = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  const own = scheme === 'awssns' ? `sns.${region}.${suffix}` : place.split('/')[0];
  const insecure = TRUE.includes(given.get('disableSSL') ?? '');
  const endpoint = given.get('endpoint') || (insecure ? own : undefined);
  const withScheme =
    endpoint === undefined || /^\w+:\/\//.test(endpoint) ? endpoint : `${insecure ? 'http' : 'https'}://${endpoint}`;
  return {
    ...(scheme === 'awssns' ? { type: 'sns', topic: place } : { type: 'sqs', queue: `https://${place}` }),
    ...some('region', given.get('region')),
    ...some('profile', given.get('profile')),
    ...some('endpoint', withScheme),
  };
}

function some(key: string, value: string | null | undefined): Settings {
  return value === null || value === undefined || value === '' ? {} : { [key]: value };
}

const SECRET_NAME = /password|passwd|token|secret|credential|privatekey|accesskey|apikey|nkeyseed|connectionstring/i;
/** A field like tokenFile says where a secret is, which is no secret. */
const PLACE = /(file|path|url|env|name|ref)$/i;
const QUERY = /([?&](?:[\w.-]*(?:password|token|secret|sig|signature|credential|key)[\w.-]*)=)[^&\s]+/gi;
const MASK = '***';
/** A reference to a variable says where a secret is. */
const REFERENCE = /^\$\{[A-Za-z_]\w*(?::-)?\}$/;

/** The text with the user information of every URL in it masked: whatever stands there may be a token. */
export function redactUrls(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/)([^\s/?#]*)@/gi, (_, scheme: string, user: string) => {
      const colon = user.indexOf(':');
      return `${scheme}${colon > 0 ? `${user.slice(0, colon)}:` : ''}${MASK}@`;
    })
    .replace(QUERY, `$1${MASK}`);
}

/** A copy of a configuration that can be shown: passwords, tokens, keys and the values of headers are masked, also within URLs. */
export function redactConfig(config: unknown): unknown {
  if (typeof config === 'string') return redactUrls(config);
  if (Array.isArray(config)) return config.map(redactConfig);
  if (config === null || typeof config !== 'object') return config;
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      if (key === 'headers' && typeof value === 'object' && value !== null)
        return [key, Object.fromEntries(Object.entries(value).map(([name, text]) => [name, masked(text)]))];
      const secret = SECRET_NAME.test(key) && !PLACE.test(key) && value !== undefined && typeof value !== 'boolean';
      return [key, secret ? masked(value) : redactConfig(value)];
    }),
  );
}

function masked(value: unknown): unknown {
  return typeof value === 'string' && REFERENCE.test(value) ? value : MASK;
}

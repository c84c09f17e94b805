/**
 * `rabbit://EXCHANGE` with RABBIT_SERVER_URL: the exchange must be there, and every routing key is empty, as it is in kollect.
 * @returns undefined where the URL of the server is none of AMQP 0-9-1
 */
export function rabbit(exchange: string, serverUrl: string): Readonly<Record<string, unknown>> | undefined {
  const url = URL.parse(serverUrl);
  if (url === null || !/^amqps?:$/.test(url.protocol) || url.hostname === '') return undefined;
  const { protocol, host, pathname, username, password } = url;
  // What the URL holds of credentials goes to keys of their own; parameters of connections are the driver's there, too.
  const access = username === '' ? {} : { user: plain(username), password: plain(password) };
  return { type: 'rabbitmq', urls: [`${protocol}//${host}${pathname}`], ...access, exchange, routingKey: '' };
}

function plain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not percent-encoded
  }
}

/** Where a broker is, and as whom to come. */
export interface Access {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Name of a shared access policy. */
  readonly user?: string;
  /** Its key. */
  readonly password?: string;
  /** The queue or topic that it is limited to. */
  readonly entity?: string;
}

export const TLS_PORT = 5671;
export const PLAIN_PORT = 5672;

/**
 * Reads a connection string of Azure Service Bus: `Endpoint=sb://<host>/;SharedAccessKeyName=…;SharedAccessKey=…[;EntityPath=…]`.
 * @returns what is wrong with it, without a part of it, as a text
 */
export function parseConnectionString(text: string): Access | string {
  const parts = new Map<string, string>();
  for (const part of text.split(';')) {
    const at = part.indexOf('=');
    if (at > 0) parts.set(part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim());
    else if (part.trim() !== '') return 'has a part without =';
  }
  const endpoint = URL.parse(parts.get('endpoint') ?? '');
  if (endpoint === null || !/^(sb|amqps?):$/.test(endpoint.protocol) || endpoint.hostname === '')
    return 'has no Endpoint=sb://…';
  if (parts.has('sharedaccesssignature'))
    return 'has a SharedAccessSignature, which needs tokens; give a policy and its key';
  const user = parts.get('sharedaccesskeyname');
  const password = parts.get('sharedaccesskey');
  if (!user || !password) return 'has no SharedAccessKeyName or no SharedAccessKey';
  const entity = parts.get('entitypath');
  // The emulator listens without TLS.
  const tls = parts.get('usedevelopmentemulator')?.toLowerCase() !== 'true' && endpoint.protocol !== 'amqp:';
  return {
    host: endpoint.hostname.replace(/^\[|\]$/g, ''),
    port: Number(endpoint.port) || (tls ? TLS_PORT : PLAIN_PORT),
    tls,
    user,
    password,
    ...(entity ? { entity } : {}),
  };
}

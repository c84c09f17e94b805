import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WatershardError } from '../model/errors.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** @throws WatershardError CONFIG_INVALID */
export function parseAddress(listen: string): Address {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([\w.-]+)):(\d{1,5})$/.exec(listen);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535)
    throw new WatershardError('CONFIG_INVALID', `ops.listen: ${JSON.stringify(listen)} is not a host:port`);
  return { host: match[1] ?? match[2]!, port };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

/** @throws WatershardError CONFIG_INVALID where the address cannot be listened on */
export async function listen(server: Server, address: Address): Promise<AddressInfo> {
  const text = `${address.host}:${address.port}`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = {
        EADDRINUSE: 'the port is in use by another process',
        EACCES: 'not allowed to use this port',
        EADDRNOTAVAIL: 'this machine has no such address',
      }[error.code ?? ''];
      reject(
        new WatershardError('CONFIG_INVALID', `ops.listen: listening on ${text}: ${why ?? error.message}`, {
          cause: error,
        }),
      );
    });
    server.listen(address.port, address.host, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
  return server.address() as AddressInfo;
}

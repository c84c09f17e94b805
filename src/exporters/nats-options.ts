import { z } from 'zod';

export const natsServers = z
  .array(
    z
      .string()
      .min(1)
      .refine((server) => !server.includes('@'), {
        error: 'holds credentials, which the client ignores; set user and password, or token',
      }),
  )
  .min(1)
  .describe('Addresses of NATS servers: nats://host:4222, or tls://host:4222.');

/** How a client makes itself known to NATS, to be spread into the schema of an exporter, and checked by `natsCredentialsFault`. */
export const natsCredentials = {
  credentialsFile: z
    .string()
    .min(1)
    .optional()
    .describe('A .creds file (JWT and seed); it is read again at each connect.'),
  token: z.string().min(1).optional().describe('Authentication token; write it as ${NAME}.'),
  user: z.string().min(1).optional().describe('User name.'),
  password: z.string().optional().describe('Password of the user; write it as ${NAME}.'),
  tls: z
    .strictObject({
      ca: z.string().min(1).optional().describe('File with the certificates of the authorities, PEM.'),
      cert: z.string().min(1).optional().describe('File with the client certificate, PEM.'),
      key: z.string().min(1).optional().describe('File with the key of the client certificate, PEM.'),
      handshakeFirst: z.boolean().default(false).describe('Begin with TLS at once, for servers with handshake_first.'),
    })
    .optional()
    .describe('Demand TLS. Without it TLS is used where the server offers it.'),
} as const;

interface Credentials {
  readonly credentialsFile?: string | undefined;
  readonly token?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

/** Checks for `refine`. */
export const natsChecks = {
  complete: (config: Credentials): boolean => (config.user === undefined) === (config.password === undefined),
  single: (config: Credentials): boolean =>
    [config.credentialsFile, config.token, config.user].filter((c) => c !== undefined).length <= 1,
  incomplete: { path: ['password'], error: 'user and password go together' },
  several: { path: ['credentialsFile'], error: 'only one of credentialsFile, token and user may be set' },
};

export interface NatsAccess extends Credentials {
  readonly servers: readonly string[];
  readonly tls?:
    | {
        readonly ca?: string | undefined;
        readonly cert?: string | undefined;
        readonly key?: string | undefined;
        readonly handshakeFirst: boolean;
      }
    | undefined;
}

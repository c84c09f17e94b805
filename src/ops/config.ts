import { z } from 'zod';

const LISTEN = /^(?:\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}$/;

/** `ops` of the configuration; false (also `listen: off`) where nothing shall listen. */
export const opsConfig = z
  .union([
    z.literal(false),
    z.strictObject({
      listen: z
        .string()
        .refine((text) => text === 'off' || LISTEN.test(text), {
          error: 'not a host:port, nor off; write it like 127.0.0.1:8081 or [::]:8081',
        })
        .default('127.0.0.1:8081')
        .describe(
          'Address of the metrics, health and status endpoints and of the live page, as host:port; off for none.',
        ),
      profile: z
        .boolean()
        .default(false)
        .describe(
          'Answer /debug/profile and /debug/heap (profiles of the CPU and of allocations, of the main thread) also where the address is not a loopback one.',
        ),
      kollectPaths: z
        .enum(['off', 'ready-at-once', 'ready-when-synced'])
        .default('off')
        .describe(
          "Answer kollect's paths too: /__/metrics, /__/health, /__/pprof/profile, /__/pprof/heap, and /__/ready with 412 until it is ready, or with 200 from the start.",
        ),
    }),
  ])
  .prefault({})
  .describe('Metrics, health, status and the live page over HTTP; false for none.');

export type OpsConfig = z.output<typeof opsConfig>;

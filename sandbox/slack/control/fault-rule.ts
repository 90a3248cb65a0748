import { z } from 'zod';

const plain = z.object({ kind: z.enum(['lostAnswer', 'dropped', 'html', 'truncated', 'tokenRevoked']) });

/** A fault rule as JSON, the same as `FaultRule` in faults.ts. */
export const faultRule = z.object({
  method: z.string().exactOptional(),
  channel: z.string().exactOptional(),
  nth: z.int().min(1).exactOptional(),
  times: z.int().min(1).exactOptional(),
  effect: z.discriminatedUnion('kind', [
    plain,
    z.object({ kind: z.enum(['delay', 'lateAnswer']), ms: z.number() }),
    z.object({ kind: z.literal('clockJump'), ms: z.number() }),
    z.object({ kind: z.literal('status'), status: z.int().min(200).max(599) }),
    z.object({ kind: z.literal('rateLimited'), retryAfter: z.int().nullable() }),
    z.object({ kind: z.literal('redirect'), location: z.string() }),
    z.object({ kind: z.literal('error'), error: z.string() }),
    z.object({ kind: z.literal('warnings'), warnings: z.array(z.string()) }),
    z.object({ kind: z.literal('channelArchived'), channel: z.string() }),
  ]),
});

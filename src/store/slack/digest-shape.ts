import { z } from 'zod';
import { severities } from '../../domain/alert.ts';

const severity = z.enum(severities);
const moment = z.coerce.date();
const count = z.number().int().min(0);

const low = z.object({
  ...{ number: count, title: z.string(), since: moment, isStale: z.boolean(), takenBy: z.string().nullable() },
});

const ofCluster = z.object({
  ...{ name: z.string(), low: z.array(low), lowCount: count, oldCount: count, ended: count },
  missed: z.array(z.object({ rule: z.string(), count })),
  flapping: z.array(z.object({ number: count, title: z.string(), severity })),
  ...{ silenced: count, inhibited: count, hiddenBefore: count },
});

/** A daily message as it is stored. */
export const digestShape = z.object({
  ...{ day: z.string(), since: moment, at: moment, clusters: z.array(ofCluster) },
  noisy: z.array(z.object({ rule: z.string(), count })),
  silences: z.array(z.object({ name: z.string(), until: moment, reason: z.string() })),
});

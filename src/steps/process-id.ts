import { z } from 'zod';
import type { ProcessId } from '../domain/process-id.ts';

/** A process as plans and journals keep it. */
export const processId: z.ZodType<ProcessId> = z.record(z.string(), z.union([z.string(), z.number()]));

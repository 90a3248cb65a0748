import { z } from 'zod';
import { pictureMoments } from '../../domain/charts/alert-chart.ts';

/** The picture of a reply, as it is kept: what it is to show, and how far it has come. */
export const linePicture = z.object({
  moment: z.enum(pictureMoments),
  cluster: z.object({ id: z.string(), name: z.string() }),
  metric: z.string(),
  /** By `subjectKey`. */
  subject: z.string(),
  threshold: z.object({ value: z.number(), bad: z.enum(['OVER', 'UNDER']) }),
  since: z.coerce.date(),
  /** When the alert was opened, or resolved. */
  at: z.coerce.date(),
  /** The uploaded file, with the description of what was drawn into it. */
  uploaded: z.object({ file: z.string(), altText: z.string(), at: z.coerce.date() }).nullable(),
  /** Why there will be no picture; the words are sent without one. */
  failed: z.string().nullable(),
});
export type LinePicture = z.infer<typeof linePicture>;

import { z } from 'zod';

/** What an internal tool asks to draw its overview: clusters, their nodes, what is wrong, what was done last. */
export const fleetQuery = `
query Fleet($first: Int!, $after: String) {
  clusters(first: $first, after: $after) {
    nodes {
      id name environment runMode observedAt problems
      frontends { id label address port role alive version }
      backends { id label address port alive decommissioning tabletCount maxDiskUsedPercent version }
      openAlerts { id number severity state title since }
      lastRun { id number operation state progress { completed total message } requestedBy { name } createdAt finishedAt }
    }
    pageInfo { hasNextPage endCursor }
  }
}`;

/** The part of the answer that the benchmark looks at. */
export const fleetPage = z.object({
  clusters: z.object({
    nodes: z.array(
      z.object({
        frontends: z.array(z.unknown()),
        backends: z.array(z.unknown()),
        openAlerts: z.array(z.unknown()),
        lastRun: z.object({ id: z.string() }),
      }),
    ),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  }),
});

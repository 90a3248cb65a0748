import { z } from 'zod';

/**
 * A node that is to come into being on an attached host, as the steps that install, start and add it know it. Everything
 * that decides what the node will be stands here, so a plan shows it and its hash binds it.
 */
export const newNode = z.object({
  /** `be 10.0.0.14:9050`: what people call it from the beginning. */
  label: z.string(),
  kind: z.enum(['FRONTEND', 'BACKEND', 'COMPUTE_NODE']),
  /** Frontends only. */
  role: z.enum(['FOLLOWER', 'OBSERVER']).nullable(),
  /** The address by which the cluster is told of it; in IP mode StarRocks stores what a name resolves to. */
  host: z.string(),
  /** Edit-log port of a frontend, heartbeat port of the others. */
  port: z.number(),
  hostId: z.string(),
  /** How the host is reached by SSH, for people. */
  hostAddress: z.string(),
  deployDir: z.string(),
  /** The unit that is written for it; null = StarRocks' own scripts run it. */
  unit: z.string().nullable(),
  release: z.object({ version: z.string(), sha256: z.string() }),
  /** The whole conf file. */
  conf: z.string(),
  /** `meta_dir`, or the paths of `storage_root_path` without media: made if they are not there, refused if they hold something. */
  dataDirs: z.array(z.string()),
  /** Every port it will listen on, by its key. */
  ports: z.record(z.string(), z.number()),
});
export type NewNode = z.infer<typeof newNode>;

/** The address of a node as `--helper` has it: an IPv6 address stands in brackets. */
export function addressOf({ host, port }: Pick<NewNode, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

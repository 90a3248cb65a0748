import { z } from 'zod';
import { isHostAddress } from '../../domain/host-address.ts';

/*
 * The fields that operation inputs are made of. The GraphQL input types, the Slack forms and the reference page are
 * printed from them, so each has a description, and only a small part of zod is used: objects, arrays, strings,
 * integers, booleans, enums, optional and default.
 */

export const clusterId = z
  .string()
  .regex(/^clu_[0-9A-Z]{26}$/, 'A cluster id looks like clu_01J…')
  .meta({ description: 'The cluster, by its opaque id.', reference: 'cluster' });

export const nodeId = z
  .string()
  .regex(/^nod_[0-9A-Z]{26}$/, 'A node id looks like nod_01J…')
  .meta({ description: 'The node, by its opaque id.', reference: 'node' });

export const removedNodeId = z
  .string()
  .regex(/^rmn_[0-9A-Z]{26}$/, 'The id of a node that has left looks like rmn_01J…')
  .meta({ description: 'A node that has left its cluster, by its opaque id.', reference: 'removedNode' });

export const backupId = z
  .string()
  .regex(/^bak_[0-9A-Z]{26}$/, 'A backup id looks like bak_01J…')
  .meta({ description: 'The backup, by its opaque id.', reference: 'backup' });

export const backupPolicyId = z
  .string()
  .regex(/^bpl_[0-9A-Z]{26}$/, 'The id of a backup policy looks like bpl_01J…')
  .meta({ description: 'The backup policy, by its opaque id.', reference: 'policy' });

export const clusterName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,39}$/, '2 to 40 characters: a letter, then letters, digits and hyphens, all lower case')
  .meta({ description: 'The name people use for the cluster: lower-case letters, digits, hyphens.' });

export const environment = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, '1 to 40 characters: lower-case letters, digits, hyphens')
  .meta({ description: 'The environment label; clusters labelled `prod` need approvals.' });

export const hostAddress = z
  .string()
  .min(1)
  .max(255)
  .refine(isHostAddress, 'A host name or an IP address, without a port and without brackets')
  .meta({ description: 'A host name or an IP address; a port stands in a field of its own.' });

export const port = z.int().min(1).max(65535).meta({ description: 'A TCP port.' });

/**
 * A name by the rules of StarRocks, which allow blanks, quotes and more. It is quoted when it is sent and never altered;
 * only characters that would break a line of a log or a message are refused.
 */
export const databaseName = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'One line, without control characters')
  .meta({ description: 'The name of a database, as SHOW DATABASES prints it.' });

/** The rule of StarRocks for repository names. */
export const repositoryName = z
  .string()
  .max(64)
  .regex(/^([a-zA-Z]\w{0,63}|_[a-zA-Z0-9]\w{0,62})$/, 'Letters, digits and underscores, beginning with a letter')
  .meta({ description: 'The name of a repository, as SHOW REPOSITORIES prints it.' });

export const snapshotName = z
  .string()
  .regex(/^[a-zA-Z]\w{0,63}$/, 'A letter, then letters, digits and underscores, 64 at most')
  .meta({ description: 'The name of a snapshot, unique in its repository.' });

/** Write-only. Stored sealed, or as a reference when it begins with `env:` or `file:`. */
export const secretText = z
  .string()
  .min(1)
  .max(16_384)
  .regex(/^[^\0]*$/, 'No NUL characters')
  .meta({
    secret: true,
    description: 'A secret: its value, `env:NAME` or `file:/path`. It is never shown again.',
  });

export const absolutePath = z
  .string()
  .max(1024)
  .regex(/^\/[^\0\n\r]*$/, 'An absolute path on one line')
  .regex(/^(?!.*(^|\/)\.\.(\/|$))/, 'No `..` in the path')
  .meta({ description: 'An absolute path on the host.' });

export const sqlUserName = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\s\p{C}]+$/u, 'No blanks or control characters')
  .meta({ description: 'The StarRocks user that Starwarden logs in as.' });

export const osUserName = z
  .string()
  .regex(/^[a-z_][a-z0-9_.-]{0,31}$/i, 'A user name of the operating system')
  .meta({ description: 'The user to log in as over SSH.' });

export const hostKeyFingerprint = z
  .string()
  .regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'As ssh-keygen -lf prints it: SHA256: and 43 characters')
  .meta({ description: "The fingerprint of the host's SSH key, as `ssh-keygen -lf` prints it." });

/** Where a frontend answers SQL. */
export const frontendAddress = z.object({
  host: hostAddress,
  port: port.default(9030).meta({ description: 'The query port, 9030 by default.' }),
});

/** How a frontend's certificate is checked. */
export const certificateRules = {
  verify: z.boolean().default(true).meta({ description: 'Refuse a certificate that the authority did not sign.' }),
  ca: z
    .string()
    .max(100_000)
    .optional()
    .meta({ description: "The authority's certificate in PEM; the system's own when left out." }),
};

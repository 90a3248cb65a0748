import { sha256Of } from './text-sum.ts';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * The id that a host of a new cluster will have, so that a plan can name it before it is recorded: the same name, address and
 * port give the same id. `turn` > 0 for the case that an id is in use, by a cluster that has another name now.
 */
export function hostIdFor(host: {
  readonly clusterName: string;
  readonly address: string;
  readonly port: number;
  readonly turn: number;
}): string {
  const sum = sha256Of(JSON.stringify([host.clusterName, host.address, host.port, host.turn]));
  // The first character of a ULID is at most 7.
  const digits = [...sum.slice(0, 52).matchAll(/../g)].map(([pair]) => alphabet[Number.parseInt(pair, 16) % 32]);
  return `hst_7${digits.slice(1).join('')}`;
}

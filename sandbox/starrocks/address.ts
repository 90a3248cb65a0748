import type { Conf } from './conf.ts';

/**
 * The address that a node binds to and is known by, chosen as StarRocks does (FrontendOptions, BackendOptions): of those that
 * its host has (`sandbox_address`, a list with `,`) the first one within `priority_networks`; where none is, the first of all.
 */
export function ownAddress(conf: Conf): string {
  const addresses = (conf.get('sandbox_address') ?? '127.0.0.1').split(',').map((one) => one.trim());
  const networks = (conf.get('priority_networks') ?? '').split(';').map((one) => one.trim());
  const preferred = addresses.find((address) => networks.some((network) => contains(network, address)));
  return preferred ?? addresses[0] ?? '127.0.0.1';
}

/** Whether an IPv4 address is within `10.0.0.0/8`; a network without a length is one address. */
function contains(network: string, address: string): boolean {
  const [base = '', length = '32'] = network.split('/');
  const [wanted, given] = [toNumber(base), toNumber(address)];
  const bits = Number(length);
  if (wanted === null || given === null || !Number.isInteger(bits) || bits < 0 || bits > 32) return false;
  const size = 2 ** (32 - bits);
  return Math.floor(wanted / size) === Math.floor(given / size);
}

function toNumber(address: string): number | null {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return null;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

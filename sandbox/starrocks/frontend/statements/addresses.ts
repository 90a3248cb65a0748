import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { analysisError, executionError } from '../../sql/errors.ts';
import type { FrontendContext } from '../context.ts';

export type HostPort = { host: string; port: number };

export function parseHostPort(text: string): HostPort {
  const match = /^([^:\s]+):(-?\d+)$/.exec(text.trim());
  const word = /^[^:\s]+:([^:\s]+)$/.exec(text.trim())?.[1];
  if (!match && word !== undefined) throw wrapped(`For input string: "${word}"`);
  const host = match?.[1];
  const port = Number(match?.[2]);
  if (host === undefined) throw analysisError(`Invalid host port: ${text}`);
  if (port < 1 || port > 65535)
    throw wrapped(`Getting analyzing error. Detail message: Port is out of range: ${port}.`);
  return { host, port };
}

/** What the analyzer did not expect it wraps once more, full stop and all. */
function wrapped(message: string) {
  return analysisError(`Encounter unknown exception: ${message}`);
}

/** In IP mode the ADD statements, and only they, turn a host name into its address and keep the address. */
export async function resolveHostPort(fe: FrontendContext, text: string): Promise<HostPort> {
  const { host, port } = parseHostPort(text);
  if (isIP(host)) return { host, port };
  const address = await lookup(host, 4).catch(() => null);
  if (address === null) {
    throw fe.hostType === 'IP'
      ? analysisError(`Unknown host: ${host}`)
      : executionError(fe.release, `unknown fqdn host: ${host}`);
  }
  return { host: fe.hostType === 'IP' ? address.address : host, port };
}

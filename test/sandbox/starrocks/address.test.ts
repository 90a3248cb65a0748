import { describe, expect, it } from 'vitest';
import { ownAddress } from '../../../sandbox/starrocks/address.ts';

describe('ownAddress', () => {
  const host = '10.0.0.7, 192.168.3.7';
  it.each([
    { networks: undefined, chosen: '10.0.0.7' },
    { networks: '192.168.0.0/16', chosen: '192.168.3.7' },
    { networks: '172.16.0.0/12;192.168.3.7', chosen: '192.168.3.7' },
    // As in the source: "will try other usable ip".
    { networks: '172.16.0.0/12', chosen: '10.0.0.7' },
    { networks: 'nonsense/99', chosen: '10.0.0.7' },
  ])('chooses $chosen of two addresses for $networks', ({ networks, chosen }) => {
    const conf = new Map([['sandbox_address', host], ...(networks ? [['priority_networks', networks] as const] : [])]);
    expect(ownAddress(conf)).toBe(chosen);
  });

  it('is the loopback address where nothing is known of the host', () => {
    expect(ownAddress(new Map())).toBe('127.0.0.1');
  });
});

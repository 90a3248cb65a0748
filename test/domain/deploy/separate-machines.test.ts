import { describe, expect, it } from 'vitest';
import { separateMachines, sharedHostKeys } from '../../../src/domain/deploy/separate-machines.ts';

const host = (address: string, bootId: string | null) => ({
  ...{ address, survey: { bootId: bootId === null ? { unknown: 'denied' } : { value: bootId } } },
});
const told = (...hosts: ReturnType<typeof host>[]) =>
  separateMachines(hosts).map(({ status, severity, observed }) => `${status} ${severity} ${observed}`);

describe('hosts of one request', () => {
  it('are machines of their own when their kernels are', () => {
    expect(told(host('10.0.0.1', 'a'), host('10.0.0.2', 'b'))).toEqual(['PASS BLOCK 2 machines']);
  });

  it('are one machine under two addresses, or not known to be two', () => {
    expect(told(host('10.0.0.1', 'a'), host('10.0.0.2', 'b'), host('192.168.0.1', 'a'))).toEqual([
      'FAIL BLOCK 10.0.0.1 and 192.168.0.1 are one machine, by the boot id of their kernel',
    ]);
    expect(told(host('10.0.0.1', 'a'), host('10.0.0.2', null))).toEqual(['FAIL BLOCK 10.0.0.2 does not tell: denied']);
  });

  it('are not compared where there is one, or where loopback addresses stand in for machines', () => {
    expect(told(host('10.0.0.1', null))).toEqual([]);
    expect(told(host('10.0.0.1', 'a'), host('10.0.0.1', 'a'))).toEqual(['PASS BLOCK 2 machines']);
    expect(told(host('127.0.1.1', 'a'), host('127.0.1.2', 'a'))).toEqual([]);
  });

  it('may not show one SSH key under two names', () => {
    const keys = [
      { where: 'a:22', key: 'SHA256:x' },
      { where: 'b:22', key: 'SHA256:y' },
      { where: 'c:22', key: 'SHA256:x' },
    ];
    expect(sharedHostKeys(keys, ['input', 'hosts'])).toMatchObject([
      { code: 'PRECONDITION_FAILED', message: 'a:22 and c:22 show one and the same SSH key SHA256:x' },
    ]);
    expect(sharedHostKeys(keys.slice(0, 2), [])).toEqual([]);
  });
});

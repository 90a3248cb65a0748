import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BackendRow } from '../../src/domain/topology.ts';
import { crowdedTables, hasLocations, spreadCheck } from '../../src/domain/topology-change/location.ts';

function row(id: string, location: string | null): BackendRow {
  return {
    ...{ id, host: `10.0.0.${id}`, heartbeatPort: 9050, bePort: 9060, httpPort: 8040, brpcPort: 8060, location },
    ...{ startedAt: null, lastHeartbeatAt: null, alive: true, decommissioning: false, errorMessage: null },
    ...{ version: null, cpuCores: null, memoryLimitBytes: null, memoryUsedPercent: null, cpuUsedPercent: null },
    ...{ runningQueries: null, statusCode: null, warehouse: null, tabletCount: 0, dataUsedBytes: null },
    ...{
      availableBytes: null,
      totalBytes: null,
      usedPercent: null,
      maxDiskUsedPercent: null,
      lastTabletReportAt: null,
    },
  };
}
const racks = [row('1', 'rack:r1'), row('2', 'rack:r1'), row('3', 'rack:r2'), row('4', 'rack:r3')];
const set = (table: string, backends: readonly string[]) => ({ table, backends, replicas: backends.length });

describe('how replicas are spread over locations', () => {
  it('names the table whose replicas share a rack while another rack is free, with its worst tablets', () => {
    const spread = [
      set('sales.orders', ['1', '2', '3']),
      set('sales.orders', ['1', '3', '4']),
      set('sales.items', ['1', '3']),
    ];
    expect(crowdedTables(spread, racks)).toEqual([
      { table: 'sales.orders', replicas: 3, domains: ['rack:r1', 'rack:r2'], possible: 3 },
    ]);
    expect(spreadCheck(spread, racks)).toMatchObject({
      status: 'FAIL',
      severity: 'WARN',
      observed: 'sales.orders has tablets with 3 replicas in rack:r1, rack:r2',
    });
  });

  it('asks for no more domains than there are', () => {
    const two = racks.slice(0, 3);
    expect(spreadCheck([set('a.b', ['1', '2', '3'])], two)).toMatchObject({ status: 'PASS' });
  });

  it('says nothing where there are no locations, or nobody could look', () => {
    expect(spreadCheck([set('a.b', ['1', '2'])], [row('1', null), row('2', null)])).toMatchObject({
      status: 'SKIPPED',
    });
    expect(spreadCheck(null, racks)).toMatchObject({ status: 'SKIPPED' });
  });

  it('names backends without a location beside those that have one', () => {
    expect(spreadCheck([], [...racks, row('5', null)]).observed).toBe(
      'every table is spread; without a location: be 10.0.0.5:9050',
    );
  });

  it('never finds fault with tablets whose replicas all stand in places of their own', () => {
    const id = fc.constantFrom('1', '3', '4');
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(id, { minLength: 1 }), { maxLength: 20 }), (sets) => {
        expect(
          crowdedTables(
            sets.map((backends) => set('a.b', backends)),
            racks,
          ),
        ).toEqual([]);
      }),
    );
  });
});

it.each([
  ['3.2.7', false],
  ['3.2.8', true],
  ['3.5.0-48f4d81', true],
  ['MAIN-RELEASE-d094052', null],
  [null, null],
])('%s has locations: %s', (version, wanted) => expect(hasLocations(version)).toBe(wanted));

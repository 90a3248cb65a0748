import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeServicesDir, sweepServicesDirs } from '../helpers/running/services-dir.ts';

const places = { disk: '', memory: '' };
beforeEach(() => {
  const home = mkdtempSync(join(tmpdir(), 'services-dir-'));
  Object.assign(places, { disk: join(home, 'disk'), memory: join(home, 'memory') });
});
afterEach(() => rmSync(join(places.disk, '..'), { recursive: true }));

it('takes the disk where nothing is in memory', () => {
  expect(makeServicesDir(places)).toBe(join(places.disk, String(process.pid)));
  expect(readdirSync(places.disk)).toEqual([String(process.pid)]);
});

it('removes what is left of runs that ended, and nothing of those that run or of anybody else', () => {
  const dead = 4_194_305; // more than Linux numbers
  const ofHost = (pid: number) => `starwarden-test-${hostname()}-${pid}-Ab12Cd`;
  const foreign = ['something-else', `starwarden-test-${hostname()}-2-${dead}-Ab12Cd`];
  for (const name of [...foreign, ofHost(dead)]) mkdirSync(join(places.memory, name), { recursive: true });
  mkdirSync(join(places.disk, String(dead)), { recursive: true });
  const onDisk = makeServicesDir({ ...places, memory: join(places.memory, 'missing') });
  mkdirSync(join(places.memory, ofHost(process.pid)));

  sweepServicesDirs(places);
  expect(readdirSync(places.memory).toSorted()).toEqual([...foreign, ofHost(process.pid)].toSorted());
  expect(readdirSync(places.disk)).toEqual([basename(onDisk)]);
});

import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { upgradeStory } from '../../../sandbox/demo/upgrade.ts';
import { releases } from '../../../sandbox/releases/versions.ts';
import { cases } from '../../../sandbox/usual-script/cases.ts';
import { differenceOf, type EndState } from '../../../sandbox/usual-script/end-state.ts';
import { judgePath } from '../../../src/domain/upgrade/path.ts';

const before: EndState = {
  nodes: { fe1: '3.4.6', be1: '3.4.6', be2: '3.4.6' },
  scheduling: ['fe1: tablet_sched_disable_balance = false'],
  files: ['be1: bin', 'be1: conf', 'be2: bin'],
};

it('names the versions, the nodes that are down, the settings and the files that a script leaves', () => {
  const after: EndState = {
    nodes: { fe1: '3.4.6', be1: '3.5.0', be2: 'down' },
    scheduling: ['fe1: tablet_sched_disable_balance = true'],
    files: ['be1: bin', 'be1: bin.bak', 'be1: conf', 'be2: bin.bak'],
  };
  expect(differenceOf(before, after)).toEqual([
    '3.4.6: fe1',
    '3.5.0: be1',
    'down: be2',
    'fe1: tablet_sched_disable_balance = true',
    'left over: bin.bak on be1 be2',
    'missing: bin on be2',
  ]);
});

it('says nothing but the version when all is as before', () => {
  expect(differenceOf(before, before)).toEqual(['3.4.6: fe1 be1 be2']);
});

it('upgrades the demo only to releases that the sandbox has and from which StarRocks knows a way back', () => {
  for (const from of ['3.2.16', '3.3.15', '3.5.0']) {
    const { to } = upgradeStory(from);
    expect(releases.map(({ version }) => version)).toContain(to);
    expect(judgePath({ from, to })).toMatchObject({ direction: 'UPGRADE', verdict: 'ALLOWED' });
    expect(judgePath({ from, to }).returnPath.verdict, `${to} to ${from}`).not.toBe('FORBIDDEN');
  }
  expect(() => upgradeStory('3.4.5')).toThrow('no way to go up from 3.4.5 and back');
});

it('is compared with tests that are there, by their names', async () => {
  const read = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');
  const named = [...(await read('docs/upgrade-scripts-compared.md')).matchAll(/`([\w-]+\.test\.ts)`, "([^"]+)"/g)];
  expect(named.length).toBeGreaterThanOrEqual(cases.length);
  const folders = ['test/operations/upgrade', 'test/long/upgrade'];
  for (const [, file = '', name = ''] of named) {
    const texts = await Promise.all(folders.map((folder) => read(`${folder}/${file}`).catch(() => '')));
    expect(texts.filter((text) => text.includes(`it('${name}'`)).length, `${file}: ${name}`).toBe(1);
  }
});

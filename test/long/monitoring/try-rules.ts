import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Told } from './alert-lab.ts';
import type { Breakage } from './breakage.ts';
import type { Undo } from './site.ts';

/** What this needs of the place in which rules are tried. */
type Place = {
  readonly lab: {
    watch(): void;
    open(
      clusterId: string,
    ): Promise<readonly { readonly rule: string; readonly labels: object; readonly title: string }[]>;
    tells(clusterId: string, told: Told): Promise<void>;
    tellsOfTheEnd(clusterId: string, told: Told): Promise<void>;
  };
  readonly clusterId: string;
  close(): Promise<void>;
};

type Trial<S extends Place> = {
  readonly start: () => Promise<S>;
  readonly breakages: Readonly<Record<string, Breakage<S>>>;
};

/** Breaks everything at the same time, sees all cards and no other, makes all whole, and sees the end of each. */
export function tryAtOnce<S extends Place>({ start, breakages }: Trial<S>): void {
  const all = Object.entries(breakages).map(([rule, breakage]) => ({ rule, ...breakage }));
  const undos: Undo[] = [];
  let site: S;
  beforeAll(async () => {
    site = await start();
    for (const { prepares } of all) await prepares?.(site);
    site.lab.watch();
    for (const { breaks } of all) undos.push(await breaks(site));
  });
  afterAll(() => site?.close());
  const toldOf = (rule: string): Told => {
    const breakage = breakages[rule];
    if (breakage === undefined) throw new Error(`${rule} is not broken`);
    return { rule, ...breakage.told(site) };
  };

  describe('a card comes when', () => {
    it.each(all)('$rule: $broken', async ({ rule }) => site.lab.tells(site.clusterId, toldOf(rule)));
  });
  it('and of nothing else', async () => {
    const wanted = all.map(({ rule }) => toldOf(rule));
    const also = new Set(all.flatMap(({ also = [] }) => also));
    const others = (await site.lab.open(site.clusterId)).filter(
      ({ rule, labels }) =>
        !also.has(rule) && !wanted.some((told) => told.rule === rule && isEqual(told.labels, labels)),
    );
    expect(others.map(({ title }) => title)).toEqual([]);
  });
  describe('and it says that it is over', () => {
    beforeAll(async () => {
      for (const undo of undos.toReversed()) await undo();
    });
    it.each(all.filter(({ staysOpen }) => staysOpen === undefined))('$rule', async ({ rule }) =>
      site.lab.tellsOfTheEnd(site.clusterId, toldOf(rule)),
    );
  });
}

/** Three minutes of them may be the breakage itself. */
const inTurnMs = 600_000;

/** Breaks one thing after the other; each is whole again before the next. */
export function tryInTurn<S extends Place>({ start, breakages }: Trial<S>): void {
  const all = Object.entries(breakages).map(([rule, breakage]) => ({ rule, ...breakage }));
  let site: S;
  beforeAll(async () => {
    site = await start();
    for (const { prepares } of all) await prepares?.(site);
    site.lab.watch();
  });
  afterAll(() => site?.close());

  it.each(all)(
    '$rule: $broken',
    async ({ rule, told, breaks, also = [], staysOpen }) => {
      const undo = await breaks(site);
      const wanted = { rule, ...told(site) };
      try {
        await site.lab.tells(site.clusterId, wanted);
        const others = (await site.lab.open(site.clusterId)).filter(
          (alert) => !also.includes(alert.rule) && !(alert.rule === rule && isEqual(alert.labels, wanted.labels)),
        );
        expect(others.map(({ title }) => title)).toEqual([]);
      } finally {
        await undo();
      }
      if (staysOpen !== undefined) return;
      await site.lab.tellsOfTheEnd(site.clusterId, wanted);
      // What followed from it is over too.
      await expect.poll(async () => (await site.lab.open(site.clusterId)).map(({ title }) => title)).toEqual([]);
    },
    inTurnMs,
  );
}

function isEqual(a: object, b: object): boolean {
  const sorted = (one: object) => JSON.stringify(Object.entries(one).toSorted(([x], [y]) => (x < y ? -1 : 1)));
  return sorted(a) === sorted(b);
}

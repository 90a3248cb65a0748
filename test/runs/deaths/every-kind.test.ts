import { expect, it } from 'vitest';
import { operations } from '../../../src/operations/index.ts';
import { held, onlyLooking } from './held.ts';

const kinds = new Map(operations.flatMap(({ steps }) => steps.map((kind) => [kind.kind, kind])));

it('every kind of step of the registry is tried: its worker dies at every point, and sleeps over its lease', () => {
  const tried = new Set([...Object.values(held).flat(), ...onlyLooking]);
  expect([...tried].toSorted()).toEqual([...kinds.keys()].toSorted());
});

it('what is left out has no effect', () => {
  expect(onlyLooking.filter((kind) => !kinds.get(kind)?.isGate)).toEqual([]);
});

import { expect, it } from 'vitest';
import type { AlertEventType } from '../../../src/domain/alert.ts';
import { wasShown } from '../../../src/domain/delivery/was-shown.ts';

const changes = (...types: readonly (readonly AlertEventType[])[]) =>
  types.flatMap((change, index) => change.map((type) => ({ type, revision: index + 1 })));

it.each([
  ['one that began and ended', changes(['OPENED'], ['RESOLVED']), true],
  ['one that was hidden from its beginning to its end', changes(['OPENED', 'MUTED'], ['RESOLVED'], ['UNMUTED']), false],
  ['one that was hidden after its beginning', changes(['OPENED'], ['MUTED'], ['RESOLVED']), true],
  ['one that was shown again', changes(['OPENED', 'MUTED'], ['UNMUTED'], ['RESOLVED']), true],
  [
    'one that came back after it was hidden',
    changes(['OPENED', 'MUTED'], ['RESOLVED'], ['UNMUTED'], ['REOPENED'], ['RESOLVED_BY_HAND']),
    true,
  ],
])('%s', (_, events, expected) => {
  expect(wasShown(events)).toBe(expected);
});

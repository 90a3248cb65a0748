import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type MetricSubject, parseSubject, subjectKey } from '../../../src/domain/metrics/measurement.ts';

const subjects: fc.Arbitrary<MetricSubject> = fc.record(
  {
    nodeId: fc.string(),
    path: fc.string({ unit: 'binary' }),
    database: fc.string({ unit: 'binary' }),
    user: fc.string({ unit: 'binary' }),
    job: fc.string(),
  },
  { requiredKeys: [] },
);

it('reads the key of any subject back, whatever people and attackers call things', () => {
  fc.assert(
    fc.property(subjects, (subject) => {
      expect(parseSubject(subjectKey(subject))).toEqual(subject);
    }),
  );
});

it('has one key for a subject, in whatever order its parts are named', () => {
  expect(subjectKey({ path: '/data1', nodeId: 'nod_1' })).toBe(subjectKey({ nodeId: 'nod_1', path: '/data1' }));
  expect(subjectKey({})).toBe('');
});

it('does not read what it would not write', () => {
  for (const key of ['x', '{}', '[1]', '[["nodeId",1]]', '[["what","ever"]]', '[["path","/"],["nodeId","n"]]', '[]'])
    expect(parseSubject(key), key).toBeNull();
});

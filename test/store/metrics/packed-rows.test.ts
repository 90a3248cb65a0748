import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Measured } from '../../../src/domain/metrics/measurement.ts';
import { packMeasured, packPoints, unpackMeasured, unpackPoints } from '../../../src/store/metrics/packed-rows.ts';

const moment = fc.integer({ min: 0, max: 4_000_000_000_000 });
const float = fc.float({ noNaN: true, noDefaultInfinity: true });

it('reads back what a look measured, whatever the subjects are called', async () => {
  const measurement = fc.record({
    metric: fc.constantFrom('queries_per_second', 'disk_used', '__proto__x'),
    subject: fc.record({ nodeId: fc.string(), database: fc.string({ unit: 'binary' }) }, { requiredKeys: [] }),
    value: float,
  });
  const looks = fc.record({ at: moment.map((ms) => new Date(ms)), measurements: fc.array(measurement) });
  const inOrder = ({ measurements }: Measured) => measurements.map((one) => JSON.stringify(one)).sort();
  await fc.assert(
    fc.asyncProperty(looks, async (look) => {
      const back = await unpackMeasured(await packMeasured(look));
      expect(back.at).toEqual(look.at);
      expect(inOrder(back)).toEqual(inOrder(look));
      const only = look.measurements[0]?.metric ?? 'none';
      const ofOne = await unpackMeasured(await packMeasured(look), { only });
      const wanted = look.measurements.filter(({ metric }) => metric === only);
      expect(inOrder(ofOne)).toEqual(inOrder({ ...look, measurements: wanted }));
    }),
    { numRuns: 30 },
  );
});

it('leaves a value out that is too large to be kept, and nothing else', async () => {
  const measurements = [1e300, 5].map((value) => ({ metric: 'm', subject: {}, value }));
  const back = await unpackMeasured(await packMeasured({ at: new Date(0), measurements }));
  expect(back.measurements).toEqual([{ metric: 'm', subject: {}, value: 5 }]);
});

it('reads points back, with what was not measured', async () => {
  const shape = fc.record({ times: fc.uniqueArray(moment, { maxLength: 20 }), subjects: fc.uniqueArray(fc.string()) });
  await fc.assert(
    fc.asyncProperty(
      shape,
      fc.integer({ min: 1, max: 3 }),
      fc.infiniteStream(fc.float()),
      async (of, count, stream) => {
        const times = of.times.toSorted((a, b) => a - b);
        const plane = () => Float32Array.from({ length: times.length * of.subjects.length }, () => stream.next().value);
        const points = { times, subjects: of.subjects, planes: Array.from({ length: count }, plane) };
        expect(await unpackPoints(await packPoints(points))).toEqual(points);
      },
    ),
  );
});

it('says of a damaged row that it is damaged', async () => {
  const packed = await packPoints({ times: [1, 2], subjects: ['a'], planes: [Float32Array.of(1, 2)] });
  await expect(unpackPoints(packed.subarray(0, packed.length - 6))).rejects.toThrow();
  await expect(unpackPoints(Buffer.concat([Buffer.of(9), packed.subarray(1)]))).rejects.toThrow(/does not know/);
  await expect(unpackMeasured(packed)).rejects.toThrow();
});

import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { z } from 'zod';
import { type Measured, type Measurement, parseSubject, subjectKey } from '../../domain/metrics/measurement.ts';
import type { Points } from '../../domain/metrics/points.ts';

/*
 * A packed value is one byte that names the layout, and behind it, deflated: the length of a JSON header, the header, and
 * the numbers. The numbers of a column are alike in their upper bytes, so all first bytes come first, then all second ones,
 * and so on: that makes them half as long.
 */

const layout = 1;
const deflated = promisify<Uint8Array, { level: number }, Buffer>(deflateRaw);
const inflated = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(inflateRaw);
/** More than a chunk of ten thousand nodes has: a damaged row must not take the memory of the process. */
const longest = 256 * 1_048_576;

const pointsHeader = z.object({
  start: z.number(),
  /** Milliseconds after the time before. */
  steps: z.array(z.number()),
  subjects: z.array(z.string()),
  planes: z.number().int().min(1).max(3),
});

const measuredHeader = z.object({
  at: z.number(),
  subjects: z.array(z.string()),
  /** By metric: the places of its subjects. There are thousands, and each is looked at when it is used. */
  metrics: z.record(
    z.string(),
    z.custom<readonly number[]>((value) => Array.isArray(value)),
  ),
});

/** Works in another thread than that of the program. */
export async function packPoints({ times, subjects, planes }: Points): Promise<Buffer> {
  const [start = 0] = times;
  const steps = times.map((time, index) => time - (times[index - 1] ?? start));
  return pack({ start, steps, subjects, planes: planes.length }, planes);
}

/** Throws when the text is damaged. */
export async function unpackPoints(packed: Buffer): Promise<Points> {
  const { header, numbers } = await unpack(packed);
  const { start, steps, subjects, planes } = pointsHeader.parse(header);
  let time = start;
  const times = steps.map((step) => {
    time += step;
    return time;
  });
  const length = subjects.length * times.length;
  if (numbers.length !== length * planes)
    throw new Error('a chunk of a metric has not as many values as its header says');
  return {
    times,
    subjects,
    planes: Array.from({ length: planes }, (_, plane) => numbers.subarray(plane * length, (plane + 1) * length)),
  };
}

export async function packMeasured({ at, measurements }: Measured): Promise<Buffer> {
  const places = new Map<string, number>();
  const metrics: Record<string, number[]> = {};
  const values: Record<string, number[]> = {};
  for (const { metric, subject, value } of measurements) {
    if (!Number.isFinite(Math.fround(value))) continue; // too large to be kept
    const key = subjectKey(subject);
    const place = places.get(key) ?? places.size;
    places.set(key, place);
    metrics[metric] ??= [];
    values[metric] ??= [];
    metrics[metric].push(place);
    values[metric].push(value);
  }
  const header = { at: at.getTime(), subjects: [...places.keys()], metrics };
  return pack(header, [Float32Array.from(Object.values(values).flat())]);
}

/**
 * Throws when the text is damaged. `only` one metric: the others are not looked at, which makes it ten times as fast for who
 * reads the past of one.
 */
export async function unpackMeasured(packed: Buffer, { only }: { readonly only?: string } = {}): Promise<Measured> {
  const { header, numbers } = openPacked(await inflate(packed));
  const { at, subjects, metrics } = measuredHeader.parse(header);
  const subjectAt = remembering((place: number) => parseSubject(subjects[place] ?? 'none'));
  const measurements: Measurement[] = [];
  let next = 0;
  for (const [metric, places] of Object.entries(metrics)) {
    const first = next;
    next += places.length;
    if (only !== undefined && metric !== only) continue;
    const values = numbers(first, next);
    for (const [index, place] of places.entries()) {
      const subject = subjectAt(place);
      const value = values[index];
      if (subject === null || value === undefined) throw new Error('a look at metrics is damaged');
      measurements.push({ metric, subject, value });
    }
  }
  return { at: new Date(at), measurements };
}

function remembering<T>(find: (place: number) => T): (place: number) => T {
  const known = new Map<number, T>();
  return (place) => {
    const found = known.get(place) ?? find(place);
    known.set(place, found);
    return found;
  };
}

/** A text, by the same layout: nothing but deflated. */
export async function packText(text: string): Promise<Buffer> {
  return Buffer.concat([Buffer.of(layout), await deflated(Buffer.from(text), { level: 1 })]);
}

/** Throws when the text is damaged. */
export async function unpackText(packed: Buffer): Promise<string> {
  return (await inflate(packed)).toString('utf8');
}

async function inflate(packed: Buffer): Promise<Buffer> {
  if (packed[0] !== layout)
    throw new Error(`metrics are packed in a way that this version does not know (${packed[0]})`);
  return inflated(packed.subarray(1), { maxOutputLength: longest });
}

async function pack(header: object, planes: readonly Float32Array[]): Promise<Buffer> {
  const text = Buffer.from(JSON.stringify(header));
  const count = planes.reduce((sum, { length }) => sum + length, 0);
  const numbers = new Float32Array(count);
  let next = 0;
  for (const plane of planes) {
    numbers.set(plane, next);
    next += plane.length;
  }
  const plain = Buffer.alloc(4 + text.length + count * 4);
  plain.writeUInt32LE(text.length, 0);
  text.copy(plain, 4);
  const bytes = new DataView(numbers.buffer);
  const begin = 4 + text.length;
  for (let index = 0; index < count; index += 1) {
    const bits = bytes.getUint32(index * 4, isLittle);
    for (let byte = 0; byte < 4; byte += 1) plain[begin + byte * count + index] = (bits >>> (8 * (3 - byte))) & 255;
  }
  const body = await deflated(plain, { level: 6 });
  return Buffer.concat([Buffer.of(layout), body]);
}

async function unpack(packed: Buffer): Promise<{ readonly header: unknown; readonly numbers: Float32Array }> {
  const { header, count, numbers } = openPacked(await inflate(packed));
  return { header, numbers: numbers(0, count) };
}

/** `numbers` are those from one place to before another; fewer where there are fewer. */
function openPacked(plain: Buffer) {
  const begin = 4 + plain.readUInt32LE(0);
  const header: unknown = JSON.parse(plain.toString('utf8', 4, begin));
  const count = (plain.length - begin) / 4;
  if (!Number.isInteger(count) || count < 0) throw new Error('what is packed is damaged');
  const numbers = (from: number, to: number): Float32Array => {
    const found = new Float32Array(Math.max(0, Math.min(to, count) - from));
    const view = new DataView(found.buffer);
    for (let index = 0; index < found.length; index += 1) {
      let bits = 0;
      for (let byte = 0; byte < 4; byte += 1) bits = (bits << 8) | (plain[begin + byte * count + from + index] ?? 0);
      view.setUint32(index * 4, bits >>> 0, isLittle);
    }
    return found;
  };
  return { header, count, numbers };
}

const isLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { alarm, height, pens, width, zoom } from '../../src/charts/looks.ts';
import { createPainter, type PainterOptions } from '../../src/charts/painter.ts';
import type { ChartPainter } from '../../src/domain/charts/chart.ts';
import { chart, line } from '../domain/charts/charts.ts';
import { type Pixels, readPng } from './read-png.ts';

const log = pino({ level: 'silent' });
let painter: ChartPainter;
const painting = (options: Partial<PainterOptions> = {}) => {
  painter = createPainter({ log, timeoutMs: 60_000, ...options });
  return painter;
};
afterEach(() => painter.stop());

/** A thread that does as its code says, in place of the one that draws. */
const thread = (code: string) =>
  new URL(`data:text/javascript,${encodeURIComponent(`import { parentPort } from 'node:worker_threads';${code}`)}`);

const one = chart({ threshold: { value: 10, bad: 'OVER' }, series: [line('a', [1, 2, null, null, 12, 13])] });

describe('a picture', () => {
  it('shows the lines, the limit at its height, gaps as gaps, and what users named stays text', async () => {
    const names = ['<b>fe</b>&amp;', '{b} ]]> "', '\u202E数据', 'x'.repeat(500)];
    const series = [
      line(names[0] ?? '', [1, 2, null, null, 12, 13]),
      ...names.slice(1).map((name) => line(name, [4, 4, null, null, 4, 4])),
    ];
    const drawn = await painting().draw(chart({ threshold: { value: 10, bad: 'OVER' }, series }));
    if (drawn.kind !== 'PICTURE') throw new Error(drawn.because);
    expect(drawn.png.length).toBeLessThan(200_000);
    const picture = readPng(drawn.png);
    expect([picture.width, picture.height]).toEqual([width * zoom, height * zoom]);
    expect(picture.at(2, 2)).toBe('#ffffff');
    // The axis goes from 0 to 15, from 380 up to 64 in points; the limit is two points thick.
    const limitAt = Math.round((380 - (316 * 10) / 15) * zoom);
    expect(countOf(picture, alarm, { y: limitAt })).toBeGreaterThan(500);
    expect(countOf(picture, alarm, { y: limitAt - 30 })).toBe(0);
    expect(countOf(picture, pens[0].color, {})).toBeGreaterThan(300);
    // Between 12:02 and 12:04 no line is drawn; there is the shade of a time without data.
    const middle = Math.round((74 + ((width - 74 - 264) * 3) / 6) * zoom);
    const column = Array.from({ length: picture.height }, (_, y) => picture.at(middle, y));
    expect(column.filter((color) => color === '#f0f0f0').length).toBeGreaterThan(300);
    expect(column).not.toContain(pens[0].color);
  });
});

it('ends the thread when there is nothing to draw, and begins another one for the next picture', async () => {
  const painted = painting({
    idleMs: 1,
    thread: thread(
      "let drawn = 0; parentPort.on('message', ({number}) => parentPort.postMessage({number, png: new Uint8Array([drawn += 1])}));",
    ),
  });
  const first = { kind: 'PICTURE', png: new Uint8Array([1]) };
  expect(await painted.draw(one)).toEqual(first);
  await new Promise((done) => setTimeout(done, 50));
  expect(await painted.draw(one)).toEqual(first);
});

describe('a drawing that fails', () => {
  it('is given up when it takes too long, and the next one gets another thread', async () => {
    const painted = painting({
      timeoutMs: 300,
      thread: thread(
        "parentPort.on('message', ({number, chart}) => { if (chart.title === 'slow') for (;;); parentPort.postMessage({number, png: new Uint8Array([1])}); });",
      ),
    });
    const slow = painted.draw({ ...one, title: 'slow' });
    const next = painted.draw(one);
    expect(await slow).toEqual({ kind: 'NONE', because: 'the drawing took too long' });
    expect(await next).toEqual({ kind: 'PICTURE', png: new Uint8Array([1]) });
  });

  it('does no harm when the thread dies, by an error or by its memory', async () => {
    const painted = painting({
      thread: thread(
        "parentPort.on('message', ({number, chart}) => { if (chart.title === 'crash') process.exit(3); if (chart.title === 'fat') { const all = []; for (;;) all.push(new Array(5e6).fill(1.5)); } parentPort.postMessage({number, error: 'no ink'}); });",
      ),
    });
    const none = (because: string) => ({ kind: 'NONE', because });
    expect(await painted.draw({ ...one, title: 'crash' })).toEqual(none('the drawing ended before its time'));
    expect(await painted.draw({ ...one, title: 'fat' })).toEqual(none('the drawing ended before its time'));
    expect(await painted.draw(one)).toEqual(none('it could not be drawn: no ink'));
  });

  it('is said at once when too many wait, and when all is stopped', async () => {
    const painted = painting({ mostWaiting: 1, thread: thread('setInterval(() => {}, 1000);') });
    const [current, waiting, refused] = [painted.draw(one), painted.draw(one), painted.draw(one)];
    expect(await refused).toEqual({ kind: 'NONE', because: 'too many pictures are waiting to be drawn' });
    await painted.stop();
    const stopped = { kind: 'NONE', because: 'Starwarden is stopping' };
    expect(await Promise.all([current, waiting, painted.draw(one)])).toEqual([stopped, stopped, stopped]);
  });
});

function countOf(picture: Pixels, color: string, { y }: { readonly y?: number }): number {
  const rows = y === undefined ? Array.from({ length: picture.height }, (_, at) => at) : [y];
  const row = (at: number) => Array.from({ length: picture.width }, (_, x) => picture.at(x, at));
  return rows.flatMap(row).filter((each) => each === color).length;
}

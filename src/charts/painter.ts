import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { Chart, ChartPainter, Drawn } from '../domain/charts/chart.ts';
import { messageOf } from '../errors.ts';
import type { Question, Reply } from './drawing-thread.ts';

export type PainterOptions = {
  readonly log: Logger;
  /** How long one drawing may take, the start of the thread included. */
  readonly timeoutMs?: number;
  /** The thread ends after it had nothing to do for so long, and its memory with it. */
  readonly idleMs?: number;
  /** More drawings than this are not waited for. */
  readonly mostWaiting?: number;
  /** Another thread than that which draws; for tests. */
  readonly thread?: URL;
};

/** The thread cannot take more memory than this for JavaScript; a picture's pixels are a few megabytes beside it. */
const resourceLimits = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32 };
/** The sources are TypeScript, what was built of them is not. */
const drawingThread = new URL(`./drawing-thread${extname(import.meta.url)}`, import.meta.url);

type Waiting = { readonly chart: Chart; readonly done: (drawn: Drawn) => void };

/**
 * Draws charts in one thread that all share, which is begun, with the libraries, when something is to be drawn, and ends
 * after some idle time. A drawing that takes too long, or of which the thread dies, is given up; the next one gets a new thread.
 */
export function createPainter({
  log,
  timeoutMs = 20_000,
  idleMs = 60_000,
  mostWaiting = 50,
  thread = drawingThread,
}: PainterOptions): ChartPainter {
  const waiting: Waiting[] = [];
  let worker: Worker | null = null;
  let current: { readonly number: number; readonly end: (drawn: Drawn) => void } | null = null;
  let idle: NodeJS.Timeout | undefined;
  let asked = 0;
  let isStopped = false;

  const none = (because: string): Drawn => ({ kind: 'NONE', because });

  const begin = (): Worker => {
    const begun = new Worker(thread, { resourceLimits, name: 'charts', env: {}, argv: [] });
    begun.unref();
    begun.on('message', (reply: Reply) => {
      if (reply.number !== current?.number) return;
      current.end('png' in reply ? { kind: 'PICTURE', png: reply.png } : none(`it could not be drawn: ${reply.error}`));
    });
    begun.on('error', (err) => log.error({ err }, 'the thread that draws charts died'));
    begun.on('exit', () => {
      if (worker !== begun) return;
      worker = null;
      current?.end(none('the drawing ended before its time'));
    });
    return begun;
  };

  const discard = () => {
    const old = worker;
    worker = null;
    clearTimeout(idle);
    return old?.terminate();
  };

  const next = () => {
    const order = current === null ? waiting.shift() : undefined;
    if (order === undefined) return;
    clearTimeout(idle);
    asked += 1;
    const timer = setTimeout(() => {
      log.warn({ title: order.chart.title, timeoutMs }, 'a chart took too long to draw, gives it up');
      void discard();
      current?.end(none('the drawing took too long'));
    }, timeoutMs);
    timer.unref();
    current = {
      number: asked,
      end: (drawn) => {
        clearTimeout(timer);
        current = null;
        order.done(drawn);
        if (waiting.length > 0) next();
        else if (worker !== null) idle = setTimeout(() => void discard(), idleMs).unref();
      },
    };
    try {
      worker ??= begin();
      worker.postMessage({ number: asked, chart: order.chart } satisfies Question);
    } catch (err) {
      log.error({ err }, 'a chart could not be drawn');
      current.end(none(`it could not be drawn: ${messageOf(err)}`));
    }
  };

  return {
    draw: (chart) =>
      new Promise((done) => {
        if (isStopped) return done(none('Starwarden is stopping'));
        if (waiting.length >= mostWaiting) return done(none('too many pictures are waiting to be drawn'));
        waiting.push({ chart, done });
        next();
      }),
    stop: async () => {
      isStopped = true;
      for (const { done } of waiting.splice(0)) done(none('Starwarden is stopping'));
      const ended = discard();
      current?.end(none('Starwarden is stopping'));
      await ended;
    },
  };
}

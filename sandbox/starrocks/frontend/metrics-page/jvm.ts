import { constants, PerformanceObserver } from 'node:perf_hooks';
import { memoryUsage } from 'node:process';

/** Garbage collections of this process, as a JVM counts them: the small ones and the large ones. */
export type Collections = { young: { count: number; ms: number }; old: { count: number; ms: number } };

/** Node's own collector is watched, so that counts and times are real. */
export function watchCollections(): Collections {
  const seen: Collections = { young: { count: 0, ms: 0 }, old: { count: 0, ms: 0 } };
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const detail: unknown = Reflect.get(entry, 'detail');
      const kind: unknown = typeof detail === 'object' && detail !== null ? Reflect.get(detail, 'kind') : null;
      const of = kind === constants.NODE_PERFORMANCE_GC_MINOR ? seen.young : seen.old;
      of.count++;
      of.ms += entry.duration;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return seen;
}

export type Jvm = {
  /** The `-Xmx` of the process, in bytes. */
  maxBytes: number;
  /** How much of it is to be shown as used, from 0 to 1; null shows what this process uses. */
  usedShare: number | null;
  collections: Collections;
  threads: number;
};

let peakThreads = 0;

/** The first part of the page. Two blanks after HELP and TYPE, where all other families have one. */
export function jvmText({ maxBytes, usedShare, collections, threads }: Jvm): string {
  const { heapUsed, heapTotal, external, rss } = memoryUsage();
  const used = usedShare === null ? heapUsed : Math.round(maxBytes * usedShare);
  const committed = Math.max(used, Math.min(maxBytes, heapTotal * 4));
  const oldMax = Math.round(maxBytes * 0.69);
  const oldUsed = Math.min(oldMax, Math.round(usedShare === null ? used * 0.9 : oldMax * usedShare));
  const youngUsed = Math.max(0, used - oldUsed);
  peakThreads = Math.max(peakThreads, threads);
  return [
    part('jvm_heap_size_bytes', 'jvm heap stat', { max: maxBytes, committed, used }),
    part('jvm_non_heap_size_bytes', 'jvm non heap stat', { committed: rss - heapTotal, used: rss - heapTotal }),
    part('jvm_old_size_bytes', 'jvm old mem pool stat', {
      committed: Math.max(oldUsed, Math.round(committed * 0.69)),
      used: oldUsed,
      peak_used: oldUsed,
      max: oldMax,
    }),
    part('jvm_young_size_bytes', 'jvm young mem pool stat', {
      committed: Math.max(youngUsed, Math.round(committed * 0.28)),
      used: youngUsed,
      peak_used: Math.max(youngUsed, Math.round(committed * 0.28)),
      max: Math.round(maxBytes * 0.28),
    }),
    part('jvm_direct_buffer_pool_size_bytes', 'jvm direct buffer pool stat', {
      count: 64,
      used: external + 1,
      capacity: external,
    }),
    part('jvm_young_gc', 'jvm young gc stat', whole(collections.young)),
    part('jvm_old_gc', 'jvm old gc stat', whole(collections.old)),
    part('jvm_thread', 'jvm thread stat', { count: threads, peak_count: peakThreads }),
  ].join('');
}

function whole({ count, ms }: { count: number; ms: number }) {
  return { count, time: Math.round(ms) };
}

function part(name: string, help: string, values: Record<string, number>): string {
  const lines = Object.entries(values).map(([type, value]) => `${name}{type="${type}"} ${value}\n`);
  return `# HELP  ${name} ${help}\n# TYPE  ${name} gauge\n${lines.join('')}`;
}

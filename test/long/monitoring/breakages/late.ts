import { setTimeout as sleep } from 'node:timers/promises';
import type { Breakage } from '../breakage.ts';
import type { Site } from '../site.ts';

/** Longer than one that is only started anew: then a look is late that comes after more than a minute. */
const awayMs = 62_000;

export const late = {
  looks_late: {
    broken: 'Starwarden gets through to a look only about once a minute, three times in a row',
    told: () => ({
      ...{ severity: 'MEDIUM', labels: {}, title: /Starwarden looks at the cluster too seldom/ },
      words: /The look before this one was (6\d|7\d) s ago, and one is due every 15 s; that is so since /,
    }),
    breaks: async ({ lab, clusterId }) => {
      // From a look on it is known how long ago that was.
      await lab.rest();
      await lab.lookOnce(clusterId);
      for (let times = 0; times < 3; times += 1) {
        await sleep(awayMs);
        await lab.lookOnce(clusterId);
      }
      return async () => lab.watch();
    },
  },
} as const satisfies Record<string, Breakage<Site>>;

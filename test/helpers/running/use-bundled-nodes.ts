import { inject } from 'vitest';
import { programsVariable } from '../../../sandbox/starrocks/programs.ts';

/* Loaded before each test file that may start nodes of StarRocks: they are started from what the run has made of them, once. */

if (process.env[programsVariable] === undefined) {
  const response = await fetch(`${inject('servicesBroker')}/programs`, { signal: AbortSignal.timeout(120_000) });
  const said = await response.text();
  if (!response.ok) throw new Error(`The programs of nodes could not be put together: ${said}`);
  process.env[programsVariable] = String(JSON.parse(said));
}

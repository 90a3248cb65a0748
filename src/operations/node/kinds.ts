import { awaitNode } from './steps/await-back.ts';
import { awaitTablets } from './steps/await-tablets.ts';
import { guardNode } from './steps/guard-node.ts';
import { holdForPerson } from './steps/hold.ts';
import { startNode, stopNode } from './steps/power.ts';
import { compareQueries, measureBaseline, sampleQueries, soak } from './steps/queries.ts';
import { rememberStopped } from './steps/remember-stopped.ts';
import { keepSchedulingPaused, pauseTabletScheduling, restoreTabletScheduling } from './steps/scheduling.ts';

/** What a restart of one node is made of, its recovery included. */
export const restartKinds = [guardNode, stopNode, startNode, awaitNode, awaitTablets];

/** The same for many, with what is done around them. */
export const rollingRestartKinds = [
  ...restartKinds,
  sampleQueries,
  measureBaseline,
  pauseTabletScheduling,
  keepSchedulingPaused,
  restoreTabletScheduling,
  compareQueries,
  soak,
  holdForPerson,
];

/** What stopping is made of, and what takes it back. */
export const stopKinds = [guardNode, stopNode, rememberStopped, startNode, awaitNode, awaitTablets];

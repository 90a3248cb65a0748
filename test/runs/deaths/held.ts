/**
 * Of which kinds of step it is shown, and in which file beside this one or of `test/long/deaths`, that their worker may die at every point and fall
 * asleep over its lease. `every-kind.test.ts` refuses to pass while a kind of the registry is in none of them.
 */
export const held = {
  clusterOperations: [
    'attachNodes',
    'awaitNode',
    'awaitTurn',
    'beginBackup',
    'changeCluster',
    'checkArmed',
    'checkNoRestore',
    'chooseObjects',
    'countBackupObjects',
    'forgetCluster',
    'forgetHost',
    'guardNode',
    'inspectCluster',
    'inspectHosts',
    'inspectUpgrade',
    'labelBackend',
    'pinHostKey',
    'recordCluster',
    'recordContent',
    'recordHost',
    'removeBackupObjects',
    'saveTopology',
    'startNode',
    'stopNode',
    'takeBackup',
    'verifyArchive',
    'verifyHost',
    'verifyListed',
    'verifyObjects',
  ],
  adding: ['addToCluster', 'awaitJoined'],
  leaving: [
    'awaitIdle',
    'cancelDrain',
    'deleteNodeData',
    'drainBackend',
    'dropComputeNode',
    'dropDrained',
    'dropFrontend',
    'handOverLeadership',
    'noteLeaving',
    'saveTopology',
    'stopComputeNode',
    'stopRemoved',
  ],
  installing: ['awaitProcess', 'claimPlace', 'installNode', 'startNewNode', 'writeConf', 'writeNodeUnit'],
  deploying: ['forgetRootPassword', 'recordNewCluster', 'recordNewHost', 'secureFirstFrontend', 'tryCluster'],
  takingAway: ['endNewNode', 'removeInstalled', 'removeNodeUnit'],
  leavingAgain: ['decommissionAdded', 'dropFromCluster'],
  /** And those of `clusterOperations`, which are not tried twice. */
  runControl: [
    'compareQueries',
    'measureBaseline',
    'pauseTabletScheduling',
    'rememberStopped',
    'restoreTabletScheduling',
    'sampleQueries',
    'soak',
  ],
  repositories: ['forgetRepository', 'lookAtRepository', 'makeRepository', 'recordRepository', 'tryStore'],
  /** In `test/long/deaths/upgrade.test.ts`, with those of `clusterOperations` and `runControl`; real deaths of an upgrade are in `../killed-workers.test.ts`. */
  upgrade: [
    'awaitVersion',
    'createMetadataImage',
    'dropArchive',
    'fetchArchive',
    'keepSchedulingPaused',
    'noteJournal',
    'proveArchive',
    'recordUpgrade',
    'startForMove',
    'stopForMove',
    'swapBinaries',
    'unpackRelease',
  ],
  /** Only in a state that the lab's cluster is never in, so with scripted answers. */
  alone: ['awaitClusterSnapshot', 'awaitTablets', 'switchOffClusterSnapshots', 'switchOnClusterSnapshots'],
  /** In `test/long/deaths/restoring.test.ts`. */
  restoring: ['checkRestore', 'keepPartitions', 'makeTarget', 'restoreSnapshot', 'verifyRestored'],
  restoringAgain: ['removeCopy'],
  restoringDropped: [
    ...['awaitTurn', 'bringBackTables', 'checkRestore', 'keepPartitions', 'noteFreeNames', 'verifyRestored'],
  ],
  balancing: ['keepBalancingOff', 'switchOffBalancing'],
  tablets: ['askForRepair', 'awaitRepaired', 'awaitTabletWhole', 'cancelRepair', 'markReplicaBad'],
  /** After the upgrade of `test/runs/killed-workers.test.ts`: none that was undone can be finalized. */
  finalize: ['closeUpgrades', 'removeKept'],
  undo: ['closeThisUpgrade', 'removeStaged', 'swapBack'],
} as const;

/** Tried in a file of their own, so that none takes longer than the others wait. */
export const runControlOperations = ['rollingRestart', 'stopNodes', 'startNodes'];

/** Tried in a file of their own, so that none takes longer than the others wait. */
export const repositoryOperations = ['createRepository', 'takeOverRepository', 'checkRepository', 'dropRepository'];

/** Tried in `test/long/deaths/restoring.test.ts`; the second has the same steps. */
export const restoreOperations = ['restoreTables', 'restoreDatabase', 'restoreDroppedTables'];

/** Tried on clusters that have room for it, in files of their own. */
export const topologyOperations = [
  'addBackends',
  'addComputeNodes',
  'addFrontends',
  'addRunningNodes',
  'cancelDecommission',
  'decommissionBackends',
  'deployCluster',
  'removeComputeNodes',
  'dropFrontends',
  'purgeNodeData',
  // At the points that are only theirs in test/operations/topology/replace.test.ts, at all in test/long/topology/replace.test.ts.
  ...['replaceBackend', 'replaceFrontend', 'moveNode'],
];

/** They only look, and what they find is recorded in one entry: there is no effect that a death could lose or double. */
export const onlyLooking = ['checkHoldsNothing', 'holdForPerson', 'noteProcess'] as const;

/** Kinds of an upgrade that other files try: what guards, watches and measures around each of its moves. */
export const aroundMoves = [
  'compareQueries',
  'guardNode',
  'measureBaseline',
  'pauseTabletScheduling',
  'restoreTabletScheduling',
  'sampleQueries',
  'soak',
] as const satisfies readonly ((typeof held.clusterOperations)[number] | (typeof held.runControl)[number])[];

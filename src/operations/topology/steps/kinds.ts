import type { AnyStepKind } from '../../../steps/define.ts';
import { dropArchive, fetchArchive, unpackRelease } from '../../../steps/release/stage.ts';
import { claimPlace } from './claim-place.ts';
import { endNewNode } from './end-new-node.ts';
import { installNode } from './install-node.ts';
import { removeInstalled } from './remove-installed.ts';
import { awaitProcess, startNewNode } from './start-new-node.ts';
import { writeConf } from './write-conf.ts';
import { removeUnit, writeUnit } from './write-unit.ts';

/** Every kind of step by which a node is installed, started and taken away again. */
export const newNodeKinds: readonly AnyStepKind[] = [
  claimPlace,
  fetchArchive,
  unpackRelease,
  installNode,
  writeConf,
  writeUnit,
  dropArchive,
  startNewNode,
  awaitProcess,
  endNewNode,
  removeUnit,
  removeInstalled,
];

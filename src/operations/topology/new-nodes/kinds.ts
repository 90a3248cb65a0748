import { dropArchive, fetchArchive, unpackRelease } from '../../../steps/release/stage.ts';
import { labelBackend } from '../../node/set-node-location/label-backend.ts';
import { addToCluster } from '../steps/add-to-cluster.ts';
import { awaitJoined } from '../steps/await-joined.ts';
import { claimPlace } from '../steps/claim-place.ts';
import { endNewNode } from '../steps/end-new-node.ts';
import { installNode } from '../steps/install-node.ts';
import { decommissionAdded, dropFromCluster } from '../steps/leave-cluster.ts';
import { removeInstalled } from '../steps/remove-installed.ts';
import { awaitProcess, startNewNode } from '../steps/start-new-node.ts';
import { writeConf } from '../steps/write-conf.ts';
import { removeUnit, writeUnit } from '../steps/write-unit.ts';

/** Every kind of step by which nodes come into a cluster, and leave it again when that is undone. */
export const addingKinds = [
  ...[claimPlace, fetchArchive, unpackRelease, installNode, writeConf, dropArchive, startNewNode, awaitProcess],
  ...[addToCluster, awaitJoined, decommissionAdded, dropFromCluster, endNewNode, removeInstalled],
  ...[writeUnit, removeUnit],
];

/** Backends may have a location too. */
export const addingBackendKinds = [...addingKinds, labelBackend];

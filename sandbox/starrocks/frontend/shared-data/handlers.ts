import { done } from '../../mysql/packets.ts';
import { analysisError } from '../../sql/errors.ts';
import { type Handlers, onLeader } from '../handlers.ts';
import { snapshotVolume, switchedOff, switchedOn } from './cluster-snapshots.ts';
import { isSharedData, storageVolumes } from './run-mode.ts';

/** No privilege is asked for, as in the code of 3.5: any user may switch them. */
export const clusterSnapshotHandlers: Handlers<'setAutomatedSnapshot'> = {
  setAutomatedSnapshot: onLeader(async ({ statement: { volume }, fe }) => {
    if (!isSharedData(fe)) throw analysisError('Automated snapshot only support share data mode');
    await fe.group.update((state) => {
      const isOn = snapshotVolume(state) !== null;
      if (volume === null) {
        if (!isOn) throw analysisError('Automated snapshot has not been turn on');
        return { changes: switchedOff(state), value: null };
      }
      if (isOn) throw analysisError('Automated snapshot has been turn on');
      if (!storageVolumes(fe).includes(volume)) throw analysisError(`Unknown storage volume: ${volume}`);
      return { changes: switchedOn(volume), value: null };
    });
    return done();
  }),
};

import { familyOf, minute } from './build.ts';

export const diskRules = familyOf('disks', [
  {
    name: 'disk_filling',
    title: 'The disk {path} of {node} fills up',
    pastTitle: 'The disk {path} of {node} was filling up',
    on: {
      ...{ kind: 'METRIC', metric: 'disk_used_share', of: 'EACH', nodes: ['BACKEND'] },
      ...{ compare: 'ABOVE', threshold: 0.85, clear: 0.83 },
      ...{ tells: ['disk_free_bytes', 'disk_data_bytes'], upTo: 'disk_nearly_full' },
    },
    forMs: 2 * minute,
    severity: 'HIGH',
    means:
      'A disk that is 95 % full and has less than 100 GiB left takes no more data; loads and repairs that need it fail.',
    todo: 'Look at /sr disks; drop what is not needed, or add a disk or a backend. What is dropped frees its space only after a while.',
    action: 'addBackends',
  },
  {
    name: 'disk_nearly_full',
    title: 'The disk {path} of {node} is nearly full',
    pastTitle: 'The disk {path} of {node} was nearly full',
    on: {
      ...{ kind: 'METRIC', metric: 'disk_used_share', of: 'EACH', nodes: ['BACKEND'] },
      ...{ compare: 'ABOVE', threshold: 0.95, clear: 0.93, tells: ['disk_free_bytes', 'disk_data_bytes'] },
    },
    forMs: 0,
    severity: 'CRITICAL',
    means:
      'Once less than 100 GiB are left too, the backend takes no more data there and loads fail; with safe mode the cluster refuses all of them.',
    todo: 'Make room now: delete what is not of StarRocks, drop with FORCE what is not needed, or add a disk or a backend.',
    action: 'addBackends',
  },
  {
    name: 'log_disk_filling',
    title: 'The disk with the logs of {node} fills up',
    pastTitle: 'The disk with the logs of {node} was filling up',
    on: {
      ...{ kind: 'METRIC', metric: 'log_disk_used_share', of: 'EACH' },
      ...{ compare: 'ABOVE', threshold: 0.8, clear: 0.78 },
    },
    forMs: 0,
    severity: 'HIGH',
    means: 'A node that cannot write its log stops or hangs, and nobody finds out why afterwards.',
    todo: 'Delete or move old logs on the host; let the node keep fewer of them.',
  },
  {
    name: 'disk_broken',
    title: '{node} has put the disk {path} aside',
    pastTitle: '{node} had put the disk {path} aside',
    on: {
      ...{ kind: 'METRIC', metric: 'disk_is_used', of: 'EACH', nodes: ['BACKEND'] },
      ...{ compare: 'BELOW', threshold: 1, clear: 1 },
    },
    forMs: minute,
    severity: 'HIGH',
    means:
      'The backend found the path broken, or started without it (ignore_broken_disk) though be.conf names it: the replicas on it are gone, and are made anew elsewhere. Without max_percentage_of_error_disk in be.conf the process ends instead, which node_down tells.',
    todo: 'Look at dmesg and at the mount on the host; replace the disk, then restart the backend. Where the path is not wanted any more, take it out of storage_root_path.',
    action: 'restartNode',
  },
]);

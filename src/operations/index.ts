import { acceptHostKey } from './accept-host-key/index.ts';
import { attachHosts } from './attach-hosts/index.ts';
import { backUpDatabase } from './back-up-database/index.ts';
import { checkCluster } from './check-cluster/index.ts';
import { checkUpgrade } from './check-upgrade/index.ts';
import type { AnyOperation } from './define.ts';
import { detachHost } from './detach-host/index.ts';
import { downgradeCluster } from './downgrade-cluster/index.ts';
import { finalizeUpgrade } from './finalize-upgrade/index.ts';
import { refreshCluster } from './refresh-cluster/index.ts';
import { registerCluster } from './register-cluster/index.ts';
import { restartNode } from './restart-node/index.ts';
import { unregisterCluster } from './unregister-cluster/index.ts';
import { updateCluster } from './update-cluster/index.ts';
import { upgradeCluster } from './upgrade-cluster/index.ts';

/** Every operation there is. Adding one = its folder, one line here, one test. */
export const operations: readonly AnyOperation[] = [
  registerCluster,
  attachHosts,
  acceptHostKey,
  refreshCluster,
  checkCluster,
  checkUpgrade,
  backUpDatabase,
  restartNode,
  upgradeCluster,
  downgradeCluster,
  finalizeUpgrade,
  detachHost,
  updateCluster,
  unregisterCluster,
];

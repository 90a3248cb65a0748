import { formatTime } from '../../pace.ts';
import type { FrontendContext } from '../context.ts';
import { repositoryRoot } from './repository.ts';

/** Each frontend looks for itself, every ten minutes, whether it can reach the stores: ErrMsg of SHOW REPOSITORIES. */
export async function checkRepositories(fe: FrontendContext): Promise<void> {
  for (const repository of fe.group.state.repositories.values()) {
    try {
      const root = await repositoryRoot(fe.stores, repository);
      await fe.stores.of(repository).list(root);
      fe.repositoryErrors.delete(repository.id);
    } catch (error) {
      const path = `${repository.location.replace(/\/+$/, '')}/__starrocks_repository_${repository.name}`;
      const text = `failed to check remote path exist: ${path}. msg: ${error instanceof Error ? error.message : String(error)}`;
      fe.repositoryErrors.set(repository.id, `${formatTime(Date.now())}: ${text}`);
    }
  }
}

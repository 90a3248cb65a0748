import type { Inventory } from '../../domain/inventory.ts';
import type { Check } from '../../domain/next-action.ts';

/** Not null when the release was registered anew since the plan was made: its archive is not the wanted one any more. */
export async function otherArchive(
  inventory: Inventory,
  { version, sha256 }: { version: string; sha256: string },
): Promise<Extract<Check, { state: 'blocked' }> | null> {
  const registered = await inventory.findRelease(version);
  if (registered === null || registered.sha256 === sha256) return null;
  return {
    state: 'blocked',
    code: 'PRECONDITION_FAILED',
    message: `${version} is another archive in the catalogue now than the one that this run was planned with`,
    hint: 'Undo this run, then ask for the same again. Without the undo, nodes that run the version already keep what they have.',
  };
}

import type { RequestContext } from './request-context.ts';

/** What may be shown of a secret, by its reference (`secret:sec_…`); null when it is gone. */
export async function credentialOf(reference: string, { loaders }: RequestContext) {
  const facts = await loaders.secret.load(reference.replace(/^secret:/, ''));
  return facts === null ? null : { kind: facts.kind.toUpperCase(), changedAt: facts.changedAt };
}

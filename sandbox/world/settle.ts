/**
 * As `Promise.all`, but returns or throws only when all have ended: what a caller does next (cleaning up) must not meet
 * work that is still under way.
 */
export async function settleAll<T extends readonly unknown[]>(work: { readonly [K in keyof T]: T[K] | Promise<T[K]> }) {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return Promise.all(work);
}

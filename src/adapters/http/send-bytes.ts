/** Sends bytes to an address that was given for just that; nothing that says who we are goes along. */
export type SendBytes = (
  url: string,
  bytes: Uint8Array,
  options: { readonly timeoutMs: number },
) => Promise<{ readonly status: number }>;

/** By POST. Throws when no answer came, or one that leads elsewhere. */
export const sendBytes: SendBytes = async (url, bytes, { timeoutMs }) => {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: new Uint8Array(bytes),
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  await answer.body?.cancel();
  return { status: answer.status };
};

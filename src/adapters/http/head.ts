import { AppError, messageOf } from '../../errors.ts';
import { startDeadline } from '../deadline.ts';
import type { HttpCall } from './port.ts';

const defaultTimeoutMs = 5_000;

/**
 * What a server says about a file without handing it out. Redirects are followed, because stores of releases answer with
 * them. An HTTP error is a result; a server that does not answer throws `HTTP_FAILED` (retryable).
 */
export async function headOf(
  url: string,
  { timeoutMs = defaultTimeoutMs, signal }: HttpCall = {},
): Promise<{ status: number; sizeBytes: number | null }> {
  const deadline = startDeadline({ what: `HEAD ${url}`, timeoutMs, signal });
  try {
    const { status, headers } = await fetch(url, { method: 'HEAD', signal: deadline.signal, redirect: 'follow' });
    const length = headers.get('content-length');
    const isEncoded = headers.has('content-encoding'); // then the length is not that of the file
    return { status, sizeBytes: length === null || isEncoded || !/^\d{1,15}$/.test(length) ? null : Number(length) };
  } catch (error) {
    if (deadline.signal.aborted && deadline.signal.reason instanceof AppError) throw deadline.signal.reason;
    const reason = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new AppError('HTTP_FAILED', `${url} cannot be reached: ${messageOf(reason)}`, {
      hint: 'Check the address and the network between here and there.',
      retryable: true,
      cause: error,
    });
  } finally {
    deadline.end();
  }
}

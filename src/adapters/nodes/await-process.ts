import type { ProcessId } from '../../domain/process-id.ts';
import type { NodeCall } from './port.ts';

/** A binary may take seconds to write its pid file; one that has not by then has ended, or never began. */
const noProcessMs = 20_000;

/** The process that a start has brought; null = none came. */
export async function awaitProcess(
  read: (call: NodeCall) => Promise<ProcessId | null>,
  { signal }: NodeCall,
): Promise<ProcessId | null> {
  const until = performance.now() + noProcessMs;
  let running = await read({ signal });
  while (running === null && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    signal.throwIfAborted();
    running = await read({ signal });
  }
  return running;
}

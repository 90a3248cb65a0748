import { setTimeout as sleep } from 'node:timers/promises';
import { callNode } from '../../rpc.ts';
import type { FrontendCalls, FrontendContext } from '../context.ts';
import type { Image } from './journal.ts';

/** Writes an image on the leader and pushes it to the other frontends, as the checkpoint thread does. */
export async function takeCheckpoint(fe: FrontendContext, { delayMs }: { delayMs: number }): Promise<void> {
  await sleep(delayMs, undefined, { ref: false });
  if (!fe.group.isLeader || fe.faults.strike('checkpoint-stuck', '') !== null) return;
  const image = fe.group.checkpoint();
  storeImage(fe, image);
  const others = [...fe.group.state.frontends.values()].filter(({ name, alive }) => alive && name !== fe.self.name);
  const timeoutMs = fe.pace.atLeast(30_000, 2000);
  const pushed = await Promise.allSettled(
    others.map(({ host, rpcPort }) =>
      callNode<FrontendCalls, 'pushImage'>({ host, port: rpcPort }, 'pushImage', image, { timeoutMs }),
    ),
  );
  fe.metrics.imagesWritten++;
  const succeeded = pushed.filter(({ status }) => status === 'fulfilled').length;
  fe.metrics.imagesPushed += succeeded;
  fe.log(
    'INFO',
    `push image.${image.index} from subdir [] to other nodes. totally ${others.length} nodes, push succeeded ${succeeded} nodes`,
  );
}

export function storeImage(fe: FrontendContext, image: Image): void {
  if (!fe.group.saveImage(image)) return;
  fe.checkpoint.version = image.index;
  fe.checkpoint.at = image.writtenAt;
}

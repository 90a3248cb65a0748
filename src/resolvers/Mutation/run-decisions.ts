import { nodeLabel } from '../../domain/node-identity.ts';
import type { Run } from '../../domain/run.ts';
import { AppError } from '../../errors.ts';
import {
  approveRun as approve,
  type ControlRequest,
  cancelRun,
  pauseRun,
  rejectRun,
  resumeRun,
  retryRun,
  undoRun,
} from '../../runs/control.ts';
import type { Engine } from '../../runs/engine.ts';
import type { RequestContext } from '../request-context.ts';
import { checkComment, withUserErrors } from '../user-errors.ts';

type Arguments = { readonly id: string; readonly comment?: string | null; readonly planHash?: string | null };
type RetryArguments = Arguments & { readonly withoutNode?: string | null };
type Decide = (deps: Engine, request: ControlRequest & { planHash?: string | null }) => Promise<Run>;

/** What a person decides about a run: the same functions that Slack's buttons call. */
export const runDecisions = {
  approveRun: decision(approve),
  rejectRun: decision(rejectRun),
  cancelRun: decision(cancelRun),
  pauseRun: decision(pauseRun),
  resumeRun: decision(resumeRun),
  retryRun: (_: unknown, { withoutNode, ...given }: RetryArguments, context: RequestContext) =>
    withUserErrors({ run: null }, async () => ({
      run: await retryRun(context.deps.engine, {
        ...toRequest(given, context),
        withoutLane: withoutNode == null ? null : await laneNamed(withoutNode, context),
      }),
    })),
  undoRun: decision(undoRun),
};

function decision(decide: Decide) {
  return (_: unknown, given: Arguments, context: RequestContext) =>
    withUserErrors({ run: null }, async () => ({
      run: await decide(context.deps.engine, { ...toRequest(given, context), planHash: given.planHash ?? null }),
    }));
}

function toRequest({ id, comment }: Arguments, { actor, requestId }: RequestContext): ControlRequest {
  return { runId: id, actor, comment: checkComment(comment), requestId };
}

/** A node's id means the node's label, which is the name of its lane. */
async function laneNamed(word: string, { loaders }: RequestContext): Promise<string> {
  if (!word.startsWith('nod_')) return word;
  const node = await loaders.node.load(word);
  if (node !== null) return nodeLabel(node);
  throw new AppError('NOT_FOUND', `There is no node ${word}`, {
    hint: 'Run.canGoOnWithout names what can be left out.',
    path: ['withoutNode'],
  });
}

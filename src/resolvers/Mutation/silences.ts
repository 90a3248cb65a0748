import { z } from 'zod';
import { severities } from '../../domain/alert.ts';
import type { Silence } from '../../domain/silence.ts';
import { previewSilence } from '../../store/reads/silences.ts';
import * as silences from '../../store/silences/silences.ts';
import { type RequestContext, readableBy } from '../request-context.ts';
import { checkComment, withUserErrors } from '../user-errors.ts';
import { scopeOf } from './calendar.ts';
import { parseArguments } from './parse-arguments.ts';

const matchersInput = z.object({
  environment: z.string().nullish(),
  clusterId: z.string().nullish(),
  rule: z.string().nullish(),
  severities: z.array(z.enum(severities)).nullish(),
  labels: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
});
const createInput = z.object({ matchers: matchersInput, until: z.date(), reason: z.string() });

/** What a silence is about, as the API takes it: where, and which alerts there. */
export function readMatchers(input: unknown) {
  return asSilence(parseArguments(matchersInput, input));
}

function asSilence({ environment, clusterId, rule, severities: bad, labels }: z.output<typeof matchersInput>) {
  return {
    scope: scopeOf({ environment, clusterId }),
    matchers: {
      rule: rule ?? null,
      severities: bad ?? null,
      labels: Object.fromEntries((labels ?? []).map(({ name, value }) => [name, value])),
    },
  };
}

const nothing = { silence: null, preview: null };

export function createSilence(_: unknown, { input }: { input: unknown }, context: RequestContext) {
  return withUserErrors(nothing, async () => {
    const { matchers, until, reason } = parseArguments(createInput, input);
    const wanted = { ...asSilence(matchers), until, reason };
    const { approvalEnvironments } = context.deps.engine;
    return withPreview(
      await silences.createSilence(context.deps.db, wanted, { ...context, approvalEnvironments }),
      context,
    );
  });
}

type Arguments = { readonly id: string; readonly comment?: string | null };

export function approveSilence(_: unknown, { id, comment }: Arguments, context: RequestContext) {
  return withUserErrors(nothing, async () =>
    withPreview(
      await silences.approveSilence(context.deps.db, { id, comment: checkComment(comment) }, context),
      context,
    ),
  );
}

export function endSilence(_: unknown, { id, comment }: Arguments, context: RequestContext) {
  return withUserErrors(nothing, async () =>
    withPreview(await silences.endSilence(context.deps.db, { id, comment: checkComment(comment) }, context), context),
  );
}

async function withPreview(silence: Silence, { deps, actor }: RequestContext) {
  return { silence, preview: await previewSilence(deps.db, { visibility: readableBy(actor), ...silence }) };
}

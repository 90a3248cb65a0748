import type { Cluster } from '../domain/cluster.ts';
import { noiseAdvice } from '../domain/noise/advice.ts';
import { type Loudest, longestNoiseMs, type RuleNoise, usualNoiseMs } from '../domain/noise/noise.ts';
import { bookFor } from '../domain/rules/book.ts';
import { AppError } from '../errors.ts';
import type { RequestContext } from './request-context.ts';

const minuteMs = 60_000;

/** The field `Cluster.alertNoise`, by loaders: a list of clusters costs as many statements as one. */
export async function alertNoiseOf(
  { id, environment }: Pick<Cluster, 'id' | 'environment'>,
  asked: { since?: Date | null },
  { loaders, deps }: RequestContext,
) {
  const now = deps.engine.now();
  // To the minute, so that clusters of one request are read together.
  const usual = new Date(Math.floor((now.getTime() - usualNoiseMs) / minuteMs) * minuteMs);
  const since = asked.since ?? usual;
  if (since > now || now.getTime() - since.getTime() > longestNoiseMs)
    throw new AppError('BAD_USER_INPUT', 'since is a time in the last 90 days', {
      hint: 'Leave it out for the last 7 days.',
      path: ['since'],
    });
  const noise = await loaders.noiseOfCluster({ since }).load(id);
  const book = bookFor(await loaders.ruleEdits.load('whole'), { clusterId: id, environment, at: now });
  const rules = (noise?.rules ?? []).map((each) => ({
    ...each,
    advice: noiseAdvice(each, { effective: book.effective(each.rule, null), since }),
  }));
  return { since, isCut: noise?.isCut ?? false, rules };
}

export const AlertRuleNoise = {
  longestBriefSeconds: ({ longestBriefMs }: RuleNoise) =>
    longestBriefMs === null ? null : Math.round(longestBriefMs / 1_000),
};

export const AlertNoiseSubject = {
  alertNumber: ({ number }: Loudest) => number,
  node: ({ nodeId }: Loudest, _: unknown, { loaders }: RequestContext) =>
    nodeId === null ? null : loaders.node.load(nodeId),
};

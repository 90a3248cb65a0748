import { z } from 'zod';
import type { FactAnswers } from '../../domain/metrics/facts.ts';
import { type Claim, claimDue, isDue, isOurs, unclaimed } from '../claims.ts';
import { type Database, databaseNowPlus, type Reader } from '../database.ts';
import { fromJson, toJson } from '../json.ts';
import { type OnDamaged, readable } from '../readable.ts';
import { isDuplicateKey } from '../store-errors.ts';

/** The right to ask one cluster now for what is asked at a slower pace than looks are. */
export type FactsClaim = Claim & { readonly before: FactAnswers };

// Only we write it.
const answersShape = z.custom<FactAnswers>((value) => typeof value === 'object' && value !== null);

/** Clusters that answered once and whose facts may be due, and that nobody asks. */
export async function listDueFacts(db: Database, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('cluster')
    .leftJoin('metric_facts', 'metric_facts.cluster_id', 'cluster.id')
    .select('cluster.id')
    .where('cluster.observed_at', 'is not', null)
    .where((row) => row.or([row('metric_facts.cluster_id', 'is', null), isDue('metric_facts')]))
    .orderBy('metric_facts.due_at')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

type FactsClaimRequest = {
  readonly clusterId: string;
  readonly holder: string;
  /** How long nobody else asks; longer than asking takes. */
  readonly claimMs: number;
  /** When it is looked again what is due. */
  readonly nextInMs: number;
};

/** Claims the next questions to a cluster; null when it is not their time any more, or somebody else has claimed them. */
export async function claimFacts(db: Database, request: FactsClaimRequest): Promise<FactsClaim | null> {
  const { clusterId, holder, claimMs, nextInMs } = request;
  const claim = await claimDue(db, { table: 'metric_facts', id: clusterId, holder, forMs: claimMs, nextInMs });
  if (claim === null) return claimFirst(db, request);
  const row = await db.selectFrom('metric_facts').select('answers').where(isOurs(claim)).executeTakeFirst();
  return row === undefined ? null : { ...claim, before: answersIn(row.answers, () => undefined) };
}

async function claimFirst(
  db: Database,
  { clusterId, holder, claimMs, nextInMs }: FactsClaimRequest,
): Promise<FactsClaim | null> {
  const until = databaseNowPlus(claimMs);
  const claimed = { claimed_by: holder, claimed_until: until, fence: 1 };
  const row = { cluster_id: clusterId, due_at: databaseNowPlus(nextInMs), answers: '{}', ...claimed };
  try {
    await db.insertInto('metric_facts').values(row).execute();
    return { table: 'metric_facts', id: clusterId, holder, fence: 1, before: {} };
  } catch (error) {
    if (isDuplicateKey(error)) return null; // somebody else has claimed it, or had a moment ago
    throw error;
  }
}

/** Keeps what is known so far and goes on asking; nothing is written when the claim was lost. */
export async function keepFacts(db: Database, claim: FactsClaim, answers: FactAnswers): Promise<void> {
  await db
    .updateTable('metric_facts')
    .set({ answers: toJson(answers) })
    .where(isOurs(claim))
    .execute();
}

/** Keeps the answers and gives the claim back; nothing is written when the claim was lost. */
export async function saveFacts(db: Database, claim: FactsClaim, answers: FactAnswers): Promise<void> {
  await db
    .updateTable('metric_facts')
    .set({ answers: toJson(answers), ...unclaimed })
    .where(isOurs(claim))
    .execute();
}

/** What is known of a cluster; nothing for one that was never asked, and where it cannot be read: it is asked again. */
export async function readFactAnswers(db: Reader, clusterId: string, onDamaged: OnDamaged): Promise<FactAnswers> {
  const row = await db
    .selectFrom('metric_facts')
    .select('answers')
    .where('cluster_id', '=', clusterId)
    .executeTakeFirst();
  return row === undefined ? {} : answersIn(row.answers, onDamaged);
}

function answersIn(text: string, onDamaged: OnDamaged): FactAnswers {
  return readable([text], (found) => fromJson(answersShape, found), onDamaged)[0] ?? {};
}

import type { KnownBlock } from '@slack/web-api';
import { hoursInWords, momentInWords } from '../../domain/backup/periods.ts';
import { momentOf } from '../../domain/backup/usable.ts';
import type { RetentionFacts } from '../../operations/backup/deletion/observe.ts';
import { code, context, count, fitLines, header, type Message, safe, section } from './text.ts';

/** What a policy would delete and why, what stays because of which rules, and what stands against deleting. Nothing is done. */
export function retentionView({ policy, plan, blockers }: RetentionFacts): Message {
  const goes = plan.delete.map(
    ({ backup, because }) =>
      `• ${code(backup.database, 60)} ${momentInWords(momentOf(backup))}, ${backup.kind}${sizeOf(backup.sizeBytes)}: ${safe(because, 300)}`,
  );
  const stays = plan.keep.map(
    ({ backup, because }) =>
      `• ${code(backup.database, 60)} ${momentInWords(momentOf(backup))}, ${backup.kind}: ${safe(because.map(({ message }) => message).join('; '), 300)}`,
  );
  const text = `${policy.name} would delete ${count(plan.delete.length, 'backup')} and keep ${plan.keep.length}.`;
  const blocks: KnownBlock[] = [
    header(`Retention of ${policy.name}`),
    section(safe(text, 300)),
    ...(blockers.length === 0 ? [] : [section(`*Nothing is deleted now*: ${safe(blockers.join('; '), 1_500)}`)]),
    ...(goes.length === 0 ? [] : [section(`*Goes*\n${fitLines(goes, 2_700)}`)]),
    ...(stays.length === 0 ? [] : [section(`*Stays*\n${fitLines(stays, 2_700)}`)]),
    context(
      `Whatever the tiers say, ${count(policy.content.keepUsableFulls, 'usable full backup')} of each database stay; the promise is ${hoursInWords(policy.content.promiseHours)}. This is only a plan.`,
    ),
  ];
  return { text: safe(text, 300), blocks };
}

function sizeOf(bytes: number | null): string {
  return bytes === null ? '' : `, ${Math.max(1, Math.round(bytes / 1_048_576))} MB`;
}

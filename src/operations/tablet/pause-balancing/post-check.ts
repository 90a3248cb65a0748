import type { Reading } from '../../../adapters/reading.ts';
import { readBalancing } from '../../../adapters/starrocks/read-balancing.ts';
import { nothingBlocks } from '../../../domain/end-checks.ts';
import type { PostCheck } from '../../../domain/run.ts';
import type { FrontendBalancing } from '../../../domain/tablets/balancing.ts';
import { found } from '../../../domain/verdict.ts';

type Look = Pick<Reading, 'sql' | 'signal'>;

/** At its end, right before the values from before are put back, it is still off everywhere. */
export async function checkOffAtEnd({ sql, signal }: Look): Promise<PostCheck> {
  const frontends = await readBalancing(sql, { signal });
  const isOn = frontends.some((each) => each.isAlive && each.isOn === true);
  const checks = [
    found('balancing-off', 'WARN', !isOn, {
      observed: inWords(frontends),
      wanted: 'off on every frontend until the end',
      hint: 'A frontend that came up in the last seconds was not set any more.',
    }),
    leads(frontends),
  ];
  return { passed: nothingBlocks(checks), checks };
}

/** After everything was put back: how each frontend was left. */
export async function checkPutBack({ sql, signal }: Look): Promise<PostCheck> {
  const frontends = await readBalancing(sql, { signal });
  const leader = frontends.find(({ isLeader, isAlive }) => isLeader && isAlive);
  const checks = [
    found('balancing-as-before', 'INFO', leader?.isOn === true, {
      observed: inWords(frontends),
      wanted: 'on, unless somebody had switched it off before the run',
      hint: 'The events of the run have the values from before.',
    }),
  ];
  return { passed: nothingBlocks(checks), checks };
}

function leads(frontends: readonly FrontendBalancing[]) {
  const leader = frontends.find(({ isLeader, isAlive }) => isLeader && isAlive);
  return found('leader', 'BLOCK', leader !== undefined, {
    observed: leader?.label ?? 'no leader',
    wanted: 'one living leader',
    hint: 'Look at the frontends.',
  });
}

function inWords(frontends: readonly FrontendBalancing[]): string {
  return frontends
    .map(({ label, isLeader, isAlive, isOn }) => {
      const state = !isAlive ? 'down' : isOn === null ? 'not known' : isOn ? 'on' : 'off';
      return `${label}${isLeader ? ' (leads)' : ''} ${state}`;
    })
    .join(', ');
}

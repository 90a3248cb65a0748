import type { Samples } from './page.ts';

/** The family in which a frontend says that it leads: `node_info{type="is_master"} 1`, which others do not have. */
export const leaderMark = 'node_info';

/** What a page says of its frontend; null = it broke off before it came to that. */
export function saysItLeads(samples: Samples): boolean | null {
  const info = samples.get(leaderMark);
  return info === undefined ? null : info.some(({ labels, value }) => labels.type === 'is_master' && value === 1);
}

import type { Family, Series } from './families.ts';

/** The five quantiles of a summary, with what stands below them. */
export type Summary = { quantiles: readonly [string, string][]; sum: string; count: string | number };

/** What a family shows now: its series, or the one summary that it is. */
export type Shown = { series: readonly Series[] } | { summary: Summary };

/** The text of families in their order. HELP and TYPE stand before the first series of a family and never again. */
export function familiesText(shown: readonly { family: Family; now: Shown }[]): string {
  const lines: string[] = [];
  const told = new Set<string>();
  const title = ({ name, type, help }: Family) => {
    if (told.has(name)) return;
    told.add(name);
    lines.push(`# HELP starrocks_fe_${name} ${help}`, `# TYPE starrocks_fe_${name} ${type}`);
  };
  for (let at = 0; at < shown.length; ) {
    const group = shown[at]?.family.group ?? null;
    let end = at + 1;
    while (group !== null && shown[end]?.family.group === group) end++;
    const together = shown.slice(at, end);
    const most = Math.max(...together.map(({ now }) => ('series' in now ? now.series.length : 1)));
    for (let row = 0; row < most; row++) {
      for (const { family, now } of together) {
        if ('summary' in now) {
          title(family);
          lines.push(...summaryLines(`starrocks_fe_${family.name}`, now.summary));
        }
        const one = 'series' in now ? now.series[row] : undefined;
        if (one === undefined) continue;
        title(family);
        lines.push(`starrocks_fe_${family.name}${one[0]} ${one[1]}`);
      }
    }
    at = end;
  }
  return lines.map((line) => `${line}\n`).join('');
}

function summaryLines(name: string, { quantiles, sum, count }: Summary): string[] {
  return [
    ...quantiles.map(([quantile, value]) => `${name}{quantile="${quantile}"} ${value}`),
    `${name}_sum ${sum}`,
    `${name}_count ${count}`,
  ];
}

import { findMetric } from '../domain/metrics/catalogue/index.ts';
import { checkWaitInWords, hidingInWords, titleInWords, waitInWords, whenInWords } from '../domain/rules/in-words.ts';
import { type AlertRule, isMetricRule, ruleFamilies } from '../domain/rules/rule.ts';
import { shippedRules } from '../domain/rules/shipped/index.ts';
import { sideInWords, valueInWords } from '../domain/rules/value-words.ts';
import { cell } from './print-reference.ts';

/** The page of all rules that come with Starwarden, in Markdown. Pure. */
export function printRules(): string {
  const families = Object.entries(ruleFamilies).flatMap(([family, title]) => {
    const own = shippedRules.filter((rule) => rule.family === family);
    return own.length === 0 ? [] : [`## ${title}`, tableOf(own), ...own.flatMap(sectionOf)];
  });
  return `${[
    '<!-- Printed from the code by `npm run generate`; changes belong there. -->',
    '# Alert rules',
    `The ${shippedRules.length} rules that come with Starwarden, as they are without anybody's changes. What holds for one cluster, with its present values and who changed what, is shown by \`/sr rules <cluster>\`, \`/sr rule <rule> <cluster>\` and the field \`Cluster.alertRules\`; why an alert is quiet or missing by \`/sr why\` and \`/sr why-not\`. Names never change.`,
    'An alert *begins* beyond the threshold and *ends* on the good side of the second value; between them an open alert goes on and none begins. What has to hold for some time has to be found in two looks at least. What could not be judged begins and ends nothing. [The runbooks](runbooks.md) say what to look at, [the list of metrics](metrics.md) what each number is.',
    'Where *guarded* is said and runs need approval, nobody switches the rule off or makes it less strict.',
    ...families,
  ].join('\n\n')}\n`;
}

function tableOf(rules: readonly AlertRule[]): string {
  return [
    '| rule | severity | begins | ends | for | source |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rules.map((rule) => `| [\`${rule.name}\`](#${rule.name}) | ${rule.severity} | ${columnsOf(rule).join(' | ')} |`),
  ].join('\n');
}

function columnsOf(rule: AlertRule): readonly string[] {
  if (!isMetricRule(rule))
    return [
      'when a look finds it',
      'when a look does not find it',
      checkWaitInWords(rule, null),
      'a check of each look',
    ];
  const { metric, compare, threshold, clear } = rule.on;
  const unit = findMetric(metric)?.unit ?? 'COUNT';
  const good = compare === 'ABOVE' ? 'at most' : 'at least';
  return [
    `${sideInWords(compare)} ${valueInWords(threshold, unit)}`,
    `${good} ${valueInWords(clear, unit)}`,
    waitInWords(rule.forMs).replace(/^for /, ''),
    `\`${metric}\``,
  ].map(cell);
}

function sectionOf(rule: AlertRule): readonly string[] {
  const { name, means, todo, runbook, action, isGuarded } = rule;
  return [
    `### ${name}`,
    `**${cell(titleInWords(rule))}.** ${means}`,
    [
      `- **Do:** ${todo}`,
      `- **When:** ${whenInWords(rule)}`,
      `- **Hidden by:** ${hidingInWords(rule)}`,
      ...(runbook === null
        ? []
        : [
            `- **Runbook:** [${runbook.replace(/^docs\/monitoring\//, '')}](${runbook.replace(/^docs\/monitoring\//, '')})`,
          ]),
      ...(action === null
        ? []
        : [
            `- **Operation that mends it, as a rule:** [\`${action}\`](../reference/operations.md#${action.toLowerCase()})`,
          ]),
      ...(isGuarded === true ? ['- **Guarded.**'] : []),
    ].join('\n'),
  ];
}

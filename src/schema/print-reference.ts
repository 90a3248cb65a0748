import type { AnyOperation } from '../operations/define.ts';
import { type InputField, type InputType, operationTypeName, typeText } from '../operations/input/input-field.ts';

const riskWords = {
  read: 'changes nothing',
  low: 'small, can be taken back',
  high: 'affects service; on `prod` one other person has to approve',
  destructive: "hard to take back; other people have to approve, and the cluster's name has to be typed",
} as const satisfies Record<AnyOperation['risk'], string>;

/** The reference page of all operations, in Markdown. Pure. */
export function printReference(operations: readonly AnyOperation[]): string {
  const head = [
    '<!-- Printed from the operation registry by `npm run generate`; changes belong there. -->',
    '# Operations',
    'Everything Starwarden can do to clusters. Each is a mutation of the same name, takes `options: RunOptions` too, and answers with the run that does it.',
    ['| operation | what it does | risk |', '| --- | --- | --- |', ...operations.map(overviewLine)].join('\n'),
  ];
  return `${[...head, ...operations.map(section)].join('\n\n')}\n`;
}

function overviewLine({ name, summary, risk }: AnyOperation): string {
  return `| [\`${name}\`](#${name.toLowerCase()}) | ${cell(summary)} | ${risk} |`;
}

function section(operation: AnyOperation): string {
  const { name, title, summary, permission, risk, slack, example, steps } = operation;
  const facts = [
    `- Permission: \`${permission}\``,
    `- Risk: ${risk} (${riskWords[risk]})`,
    ...(slack === null
      ? ['- Slack: not possible, because it takes secrets']
      : slack.examples.map((text) => `- Slack: \`/sr ${text}\``)),
  ];
  return [
    `## ${name}`,
    `**${title}.** ${summary}`,
    facts.join('\n'),
    fieldTables(operation),
    `Example:\n\n\`\`\`json\n${JSON.stringify(example, null, 2)}\n\`\`\``,
    `Steps:\n\n${steps.map((step) => `- \`${step.kind}\`${step.undoImpossible === null ? '' : `: ${step.undoImpossible}`}`).join('\n')}`,
  ].join('\n\n');
}

function fieldTables({ name, fields }: AnyOperation): string {
  return [
    table(`${operationTypeName(name)}Input`, fields),
    ...fields.flatMap((field) => nestedTables(field.type)),
  ].join('\n\n');
}

function nestedTables(type: InputType): string[] {
  if (type.kind === 'list') return nestedTables(type.of);
  if (type.kind !== 'object') return [];
  return [table(type.name, type.fields), ...type.fields.flatMap((field) => nestedTables(field.type))];
}

function table(name: string, fields: readonly InputField[]): string {
  const lines = fields.map((field) => {
    const fallback = field.defaultValue === undefined ? '' : `\`${JSON.stringify(field.defaultValue)}\``;
    const type = `\`${typeText(field.type)}${field.required ? '!' : ''}\``;
    return `| \`${field.name}\` | ${type} | ${fallback} | ${cell(field.description)}${field.secret ? ' *Secret.*' : ''} |`;
  });
  return [`\`${name}\`:`, '', '| field | type | default | meaning |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

/** Text escaped for a cell of a table. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

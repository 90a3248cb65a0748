import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CommandSpec, parseCommand, usageOf } from '../../src/bot/commands/grammar.ts';
import { printCommand } from '../../src/bot/commands/print-command.ts';
import { normalizeLine } from '../../src/bot/slack/tokens.ts';

const flag = (name: string, more: Partial<CommandSpec['flags'][number]> = {}) => ({
  name,
  takesValue: true,
  isList: false,
  ...more,
});
const word = (name: string, more: Partial<CommandSpec['positional'][number]> = {}) => ({
  name,
  kind: 'word' as const,
  isOptional: false,
  ...more,
});

const specs: readonly CommandSpec[] = [
  { verb: 'help', positional: [word('verb', { isOptional: true })], flags: [] },
  {
    verb: 'backup',
    positional: [word('clusterId'), word('database')],
    flags: [flag('repo'), flag('reason'), flag('tables', { isList: true }), flag('dry-run', { takesValue: false })],
  },
  { verb: 'restart', positional: [word('clusterId'), word('nodeId', { kind: 'node' })], flags: [flag('reason')] },
  { verb: 'scale', positional: [word('clusterId'), word('backends', { kind: 'list' })], flags: [flag('reason')] },
  {
    verb: 'remove',
    positional: [word('clusterId'), word('nodeIds', { kind: 'list', isNode: true })],
    flags: [flag('only', { isList: true, isNode: true })],
  },
  { verb: 'deny', positional: [word('approval'), word('why', { kind: 'rest' })], flags: [] },
  { verb: 'cancel', positional: [word('run'), word('note', { kind: 'rest', isOptional: true })], flags: [] },
  {
    verb: 'retry',
    positional: [word('run'), word('note', { kind: 'rest', isOptional: true })],
    flags: [flag('without', { isNode: true })],
  },
];

function parsed(line: string) {
  const result = parseCommand(line, specs);
  if ('failure' in result) throw new Error(`${result.failure.problem}. ${result.failure.hint}`);
  const { verb, words, flags } = result.command;
  return { verb, words: Object.fromEntries(words), flags: Object.fromEntries(flags) };
}

function refused(line: string): string {
  const result = parseCommand(line, specs);
  if ('command' in result) throw new Error(`${line} was understood as ${JSON.stringify(result.command)}`);
  return `${result.failure.problem}. ${result.failure.hint}`;
}

describe('a command line', () => {
  it.each([
    ['', { verb: 'help', words: {}, flags: {} }],
    ['   ', { verb: 'help', words: {}, flags: {} }],
    ['HELP Backup', { verb: 'help', words: { verb: ['Backup'] }, flags: {} }],
    ['backup prod-eu sales', { words: { clusterId: ['prod-eu'], database: ['sales'] } }],
    [
      'backup --repo nightly prod-eu sales',
      { words: { clusterId: ['prod-eu'], database: ['sales'] }, flags: { repo: ['nightly'] } },
    ],
    ['backup prod-eu sales --repo=nightly --dry-run', { flags: { repo: ['nightly'], 'dry-run': [] } }],
    ['backup prod-eu sales repo=nightly', { flags: { repo: ['nightly'] } }],
    ['backup prod-eu sales --reason "before the move"', { flags: { reason: ['before the move'] } }],
    ['backup prod-eu sales --reason="before the move"', { flags: { reason: ['before the move'] } }],
    [String.raw`backup prod-eu sales --reason 'it\'s time'`, { flags: { reason: ["it's time"] } }],
    ['backup prod-eu sales --tables a,b --tables c', { flags: { tables: ['a', 'b', 'c'] } }],
    ['backup prod-eu "--repo"', { words: { clusterId: ['prod-eu'], database: ['--repo'] } }],
    ['backup prod-eu a&lt;b&amp;lt;', { words: { clusterId: ['prod-eu'], database: ['a<b&lt;'] } }],
    [
      'backup prod-eu <http://db.example.com|db.example.com>',
      { words: { clusterId: ['prod-eu'], database: ['db.example.com'] } },
    ],
    ["backup prod-eu <@U12|kim o's>", { words: { clusterId: ['prod-eu'], database: ["<@U12|kim o's>"] } }],
    ['backup prod-eu "key=value"', { words: { clusterId: ['prod-eu'], database: ['key=value'] } }],
    ['backup prod-eu sales --reason "a=b"', { flags: { reason: ['a=b'] } }],
    ['scale prod-eu -5', { words: { backends: ['-5'] } }],
    ['restart prod-eu be 10.0.0.11:9050', { words: { clusterId: ['prod-eu'], nodeId: ['be 10.0.0.11:9050'] } }],
    ['restart prod-eu 10.0.0.11', { words: { clusterId: ['prod-eu'], nodeId: ['10.0.0.11'] } }],
    [
      'restart prod-eu "be 10.0.0.11:9050" --reason x',
      { words: { nodeId: ['be 10.0.0.11:9050'] }, flags: { reason: ['x'] } },
    ],
    [
      'scale prod-eu be-1,be-2 be-3 --reason x',
      { words: { backends: ['be-1', 'be-2', 'be-3'] }, flags: { reason: ['x'] } },
    ],
    ['remove prod-eu be 10.0.0.14:9050', { words: { nodeIds: ['be 10.0.0.14:9050'] } }],
    ['remove prod-eu be a:1,be b:2 c:3 be d:4', { words: { nodeIds: ['be a:1', 'be b:2', 'c:3', 'be d:4'] } }],
    [
      'remove prod-eu a:1,fe b:2 --only cn c:3,d:4',
      { words: { nodeIds: ['a:1', 'fe b:2'] }, flags: { only: ['cn c:3', 'd:4'] } },
    ],
    ['remove prod-eu be --only be', { words: { nodeIds: ['be'] }, flags: { only: ['be'] } }],
    ['deny P-5 it\'s not now, "kim"', { words: { approval: ['P-5'], why: ['it\'s not now, "kim"'] } }],
    ['deny P-5 "do --not"', { words: { why: ['do --not'] } }],
    ['deny P-5 ask "kim" about "--without", then', { words: { why: ['ask "kim" about "--without", then'] } }],
    ['deny P-5 -- --not now=1', { words: { why: ['--not now=1'] } }],
    ['deny P-5 not now -- see --help', { words: { why: ['not now -- see --help'] } }],
    [
      'deny P-5 its disk — broken - see https://x.example/?a=b',
      { words: { why: ['its disk — broken - see https://x.example/?a=b'] } },
    ],
    ['deny P-5 latency >=5 s, down by -5 %', { words: { why: ['latency >=5 s, down by -5 %'] } }],
    [String.raw`deny P-5 "say \"no\""`, { words: { why: ['say "no"'] } }],
    ['deny P-5 "not now"', { words: { approval: ['P-5'], why: ['not now'] } }],
    ['cancel R-1', { words: { run: ['R-1'] } }],
    ['backup prod-eu sales --dryRun', { flags: { 'dry-run': [] } }],
    ['backup prod-eu sales --DRYRUN', { flags: { 'dry-run': [] } }],
    ['retry R-1 --without "be 10.0.0.11:9050"', { words: { run: ['R-1'] }, flags: { without: ['be 10.0.0.11:9050'] } }],
    [
      'retry R-1 --without be 10.0.0.11:9050 its disk is broken',
      { words: { run: ['R-1'], note: ['its disk is broken'] }, flags: { without: ['be 10.0.0.11:9050'] } },
    ],
    ['retry --without=10.0.0.11 R-1', { words: { run: ['R-1'] }, flags: { without: ['10.0.0.11'] } }],
    ['retry R-1 it\'s not "--without" us', { words: { note: ['it\'s not "--without" us'] } }],
    ['retry R-1 without=be-1 its disk', { words: { note: ['its disk'] }, flags: { without: ['be-1'] } }],
  ])('%j is understood', (line, expected) => {
    expect(parsed(line)).toMatchObject(expected);
  });

  it.each([
    ['curly quotes', 'backup prod-eu sales --reason “before the move”'],
    ['a dash for two hyphens', 'backup prod-eu sales —reason "before the move"'],
    ['a short dash', 'backup prod-eu sales –reason "before the move"'],
    ['no-break blanks', 'backup\u00A0prod-eu\u00A0sales --reason "before the move"'],
    ['zero-width characters', 'back\u200Bup prod-eu\uFEFF sales --rea\u2060son "before the move"'],
    ['marks of direction', '\u202Ebackup prod-eu sales --reason "before the move"\u202C'],
    ['line breaks and tabs', 'backup prod-eu\n\tsales --reason "before the move"'],
  ])('is read as it was meant with %s', (_what, line) => {
    expect(parsed(line)).toEqual({
      verb: 'backup',
      words: { clusterId: ['prod-eu'], database: ['sales'] },
      flags: { reason: ['before the move'] },
    });
  });

  it.each([
    ['bakup prod-eu sales', 'I do not know `bakup` (word 1). Did you mean `backup`?'],
    ['register prod-eu', 'Clusters are registered over the API: their passwords must not be typed into a chat.'],
    ['frobnicate', 'I do not know `frobnicate` (word 1). Type `/sr help` for what there is.'],
    ['backup prod-eu sales --rep nightly', 'I do not know `--rep` (word 4). Did you mean `--repo`?'],
    ['backup prod-eu sales extra', 'I do not know `extra` (word 4).'],
    ['backup prod-eu sales --repo', '`--repo` needs a value (word 4).'],
    ['backup prod-eu sales --repo --dry-run', '`--repo` needs a value (word 4).'],
    ['backup prod-eu sales --repo a --repo b', '`--repo` is there twice (word 6).'],
    ['backup prod-eu sales --dry-run=yes', '`--dry-run` takes no value (word 4).'],
    ['backup prod-eu', 'backup needs <database>. It is typed `/sr backup <cluster> <database>'],
    ['backup prod-eu "sales', 'The quote " is not closed (word 3).'],
    ['backup prod-eu --reason="x', 'The quote after --reason= is not closed (word 3).'],
    ['deny', 'deny needs <approval>.'],
    ['retry R-1 a disk --without be-1', '`--without` stands behind the note (word 5). It is typed `/sr retry <run>'],
    ["retry R-1 it's broken --without be-1", '`--without` stands behind the note (word 5).'],
    ['retry R-1 a disk without=be-1', '`--without` stands behind the note (word 5).'],
    ['retry R-1 a disk —without be-1', '`--without` stands behind the note (word 5).'],
    ['retry R-1 a disk (--without be-1)', '`--without` stands behind the note (word 5).'],
    ['retry R-1 a disk--without be-1', '`--without` stands behind the note (word 4).'],
    ['retry R-1 --witout be-1', 'I do not know `--witout` (word 3). Did you mean `--without`?'],
    ['retry R-1 now --witout be-1', 'I do not know `--witout` (word 4). Did you mean `--without`?'],
    ['retry R-1 now witout=be-1', 'I do not know `witout=be-1` (word 4). Did you mean `--without`?'],
    ['retry R-1 now -without be-1', 'I do not know `-without` (word 4). Did you mean `--without`?'],
    ['retry R-1 now −−without be-1', '`--without` stands behind the note (word 4).'],
    ['cancel R-1 --dry-run', 'I do not know `--dry-run` (word 3).'],
    ['cancel R-1 now `--dry-run`', 'I do not know `--dry-run` (word 4).'],
    ["cancel R-1 'tis now --force", 'I do not know `--force` (word 5).'],
    ['cancel R-1 "now --force', 'I do not know `--force` (word 4).'],
    ['cancel R-1 now force="yes', 'I do not know `force=` (word 4).'],
    ['cancel R-1 ""', '<note> is empty (word 3).'],
    ['cancel R-1 --', '<note> is empty (word 3).'],
    ['backup prod-eu key=value', 'I do not know `key=value` (word 3).'],
    ['backup prod-eu rep=nightly sales', 'I do not know `rep=nightly` (word 3). Did you mean `--repo`?'],
    ['backup prod-eu =x', 'I do not know `=x` (word 3).'],
    ['backup prod-eu sales --=x', 'I do not know `--=x` (word 4).'],
    ['backup prod-eu sales --', 'I do not know `--` (word 4).'],
    ['backup prod-eu -repo sales', 'I do not know `-repo` (word 3). Did you mean `--repo`?'],
    ['backup prod-eu ""', '<database> is empty (word 3).'],
    ['backup prod-eu sales repo=', '`--repo` needs a value (word 4).'],
    ['backup prod-eu sales --repo=""', '`--repo` needs a value (word 4).'],
    ['backup prod-eu sales --tables a,,b', '`--tables` needs a value (word 5).'],
    ['backup prod-eu sales --repo a=b', '`--repo` needs a value (word 4).'],
    ['backup prod-eu sales --repo (--x)', '`--repo` needs a value (word 4).'],
    ['backup prod-eu sales --repo reason=x', '`--repo` needs a value (word 4).'],
    ['backup prod-eu sales --dryRun --dry-run', '`--dry-run` is there twice (word 5).'],
    ['scale prod-eu a,,b', '<backends> is empty (word 3).'],
    ['backup prod-eu sales --dry-r-un', 'I do not know `--dry-r-un` (word 4). Did you mean `--dry-run`?'],
    ['deny P-5', 'deny needs <why>. It is typed `/sr deny <approval> <why>`.'],
    ['help`x`', "I do not know `help'x'` (word 1)."],
    [`backup ${'x'.repeat(1000)}`, 'The line has 1007 characters; 1000 are read at most. Shorten it.'],
  ])('%j is refused with words that help', (line, words) => {
    expect(refused(line)).toContain(words);
  });

  it('says how it is typed', () => {
    expect(specs.map(usageOf)).toEqual([
      'help [verb]',
      'backup <cluster> <database> [--repo …] [--reason …] [--tables …] [--dry-run]',
      'restart <cluster> <node> [--reason …]',
      'scale <cluster> <backends…> [--reason …]',
      'remove <cluster> <node…> [--only …]',
      'deny <approval> <why>',
      'cancel <run> [note]',
      'retry <run> [--without …] [note]',
    ]);
    const needs = {
      verb: 'go',
      positional: [word('clusterId')],
      flags: [flag('soak'), flag('to', { isRequired: true })],
    };
    expect(usageOf(needs)).toBe('go <cluster> --to … [--soak …]');
    expect(parseCommand('go demo', [needs])).toEqual({
      failure: { problem: 'go needs --to', hint: 'It is typed `/sr go <cluster> --to … [--soak …]`.' },
    });
  });
});

describe('a command that is printed', () => {
  it('reads back as the same command, with what was added', () => {
    const text = fc
      .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 30 })
      .filter((each) => each.trim() === each);
    const name = fc.stringMatching(/^[a-z][a-z-]{0,8}$/);
    const lists = fc.uniqueArray(name, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(text, text, lists, fc.boolean(), (database, reason, tables, isDry) => {
        const [spec] = specs.filter(({ verb }) => verb === 'backup');
        if (spec === undefined) throw new Error('no backup');
        const flags = new Map([['reason', [reason]], ...(isDry ? [['dry-run', []] as const] : [])]);
        const words = new Map([
          ['clusterId', ['prod-eu']],
          ['database', [database]],
        ]);
        const line = printCommand(spec, { verb: 'backup', words, flags }, new Map([['tables', tables]]));
        const escaped = line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
        expect(parsed(escaped)).toEqual({
          verb: 'backup',
          words: Object.fromEntries(words),
          flags: { ...Object.fromEntries(flags), tables },
        });
      }),
    );
  });

  it('adds to a list that was there, and says nothing twice', () => {
    const result = parseCommand('backup prod-eu sales --tables a,b --dryRun', specs);
    const [, spec] = specs;
    if ('failure' in result || spec === undefined) throw new Error('not understood');
    const line = printCommand(spec, result.command, new Map([['tables', ['b', 'c']]]));
    expect(line).toBe('backup prod-eu sales --tables a,b,c --dry-run');
  });
});

describe('whatever is typed', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^(backup|restart|deny|scale) [-"'<>&=a-z. ]*$/),
  );

  it('is understood or refused, but never breaks the parser', () => {
    fc.assert(
      fc.property(anything, (line) => {
        const result = parseCommand(line, specs);
        expect('command' in result || result.failure.problem.length > 0).toBe(true);
      }),
    );
  });

  it('is the same after a second tidying', () => {
    fc.assert(
      fc.property(anything, (line) => {
        expect(normalizeLine(normalizeLine(line))).toBe(normalizeLine(line));
      }),
    );
  });

  it('comes out of quotes as it went in', () => {
    const text = fc
      .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 60 })
      .filter((each) => each.trim() !== '');
    fc.assert(
      fc.property(text, text, (database, reason) => {
        const quote = (value: string) => `"${value.replace(/[\\"]/g, '\\$&')}"`;
        const slack = (value: string) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
        const line = `backup prod-eu ${slack(quote(database))} --reason ${slack(quote(reason))}`;
        expect(parsed(line)).toEqual({
          verb: 'backup',
          words: { clusterId: ['prod-eu'], database: [database] },
          flags: { reason: [reason] },
        });
      }),
    );
  });
});

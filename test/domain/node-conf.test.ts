import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBackendConf } from '../../src/domain/backend-conf.ts';
import type { NodeKind } from '../../src/domain/cluster.ts';
import { readProperties } from '../../src/domain/java-properties.ts';
import { readNodeConf, variablesIn } from '../../src/domain/node-conf.ts';
import { readStartLines, startEnvironment } from '../../src/domain/start-environment.ts';

const pairsOf = ({ settings }: { settings: readonly { key: string; value: string }[] }) =>
  settings.map(({ key, value }) => [key, value]);

describe('fe.conf', () => {
  // What java.util.Properties made of each of these, asked once.
  it.each<[string, [string, string][]]>([
    [
      'a=1\nb = 2\nc: 3\nd 4\ne\t5\nf:=6\ng = = 7\nh',
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
        ['d', '4'],
        ['e', '5'],
        ['f', '=6'],
        ['g', '= 7'],
        ['h', ''],
      ],
    ],
    [
      '# a=1\n  ! b=2\n\t#c\n=4\n:5\n',
      [
        ['', '4'],
        ['', '5'],
      ],
    ],
    [
      'a = 1 \\\n  2\\\r\n\t3\nb=4\\\\\nc=5\\\\\\\n6',
      [
        ['a', '1 23'],
        ['b', '4\\'],
        ['c', '5\\6'],
      ],
    ],
    [
      'a=1\\\n\nb=2\n# no\\\nc=3\nd=4\\\n#e=5\n\\\n# f\n\\\ng=7\nh=\\',
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
        ['d', '4#e=5'],
        ['g', '7'],
        ['h', ''],
      ],
    ],
    ['a\\=b\\:c\\ d=e\\tf\\ng\\u0041\\z\\\\', [['a=b:c d', 'e\tf\ngAz\\']]],
    [
      '\fa\f=\f1\r\rb=2\rc=3 # 4\n\uFEFFd=5',
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3 # 4'],
        ['\uFEFFd', '5'],
      ],
    ],
  ])('is read as Java reads it: %j', (text, pairs) => {
    expect(pairsOf(readProperties(text))).toEqual(pairs);
  });

  it('with half an escape is refused by Java, and by this', () => {
    expect(readProperties('a=1\nb=\\u12g4\n').broken).toContain('line 2');
    expect(readProperties('a=1\nb=\\\\u12g4\n').broken).toBeNull();
    expect(
      readNodeConf({ kind: 'FRONTEND', confText: 'b=\\u12', home: '/fe' }).port('edit_log_port', 9010),
    ).toHaveProperty('unknown');
  });

  it('comes back as it was written, however it was written', () => {
    fc.assert(
      fc.property(fc.array(written), (entries) => {
        expect(pairsOf(readProperties(entries.map(({ text }) => text).join('')))).toEqual(
          entries.map(({ key, value }) => [key, value]),
        );
      }),
    );
  });
});

/** An independent writer: every sign that could mean something is escaped, and what may vary varies. */
const written = fc
  .record({
    key: fc.string({ unit: 'binary', minLength: 1 }),
    value: fc.string({ unit: 'binary' }),
    before: fc.constantFrom('', '  ', '\t', '\f', '# a = 1\n', '! b \\\n', '\n\r\n'),
    separator: fc.constantFrom('=', ':', ' ', '\t', ' = ', ' : ', '\f=\f', ' \\\n  = '),
    wrapAt: fc.option(fc.nat(20), { nil: undefined }),
    end: fc.constantFrom('\n', '\r', '\r\n'),
  })
  .map(({ key, value, before, separator, wrapAt, end }) => {
    const signs = [...value.split('')].map(escapeSign);
    const rest = signs.join('');
    const wrapped =
      wrapAt === undefined || wrapAt >= signs.length
        ? rest
        : `${signs.slice(0, wrapAt).join('')}\\\n \t${signs.slice(wrapAt).join('')}`;
    return { key, value, text: `${before}${key.split('').map(escapeSign).join('')}${separator}${wrapped}${end}` };
  });

function escapeSign(sign: string): string {
  if (/[A-Za-z0-9_./]/.test(sign)) return sign;
  return '=:#! \\'.includes(sign) ? `\\${sign}` : `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

it.each([
  ['backslashes', '\\'.repeat(250_000)],
  ['lines that go on', 'a\\\n'.repeat(80_000)],
  ['blanks', `a${' '.repeat(250_000)}b`],
  ['quotes', `A=${'"\''.repeat(100_000)}\n`],
  ['variables', `A=\${A}\n`.repeat(40_000)],
])(
  'a file of %s is read to its end: what looks at each place again for each place would take minutes',
  (_what, text) => {
    for (const confText of [text, `${text}x`]) {
      readNodeConf({ kind: 'FRONTEND', confText, home: '/fe' }).port('edit_log_port', 9010);
      readNodeConf({ kind: 'BACKEND', confText, home: '/be' }).port('be_port', 9060);
    }
  },
);

describe('be.conf', () => {
  it.each<[string, [string, string][]]>([
    [
      'a = 1\n\tb=2 \r\n# c = 3\nd: 4\ne\n f = g = h # i\n',
      [
        ['a', '1'],
        ['b', '2'],
        ['d: 4', ''],
        ['e', ''],
        ['f', 'g = h # i'],
      ],
    ],
    [
      'doris_a = "1"\nb = \\\n!c = 2',
      [
        ['a', '"1"'],
        ['b', '\\'],
        ['!c', '2'],
      ],
    ],
  ])('is read as a backend reads it: %j', (text, pairs) => {
    expect(pairsOf(readBackendConf(text))).toEqual(pairs);
  });

  it('comes back as it was written', () => {
    const blank = fc.constantFrom('', ' ', '\t', ' \v\f');
    const plain = fc
      .string({ unit: 'binary' })
      .map((text) => text.replaceAll('\n', '').replaceAll(/^[ \t\v\f\r]+|[ \t\v\f\r]+$/g, ''));
    const key = plain
      .map((text) => text.replaceAll(/=|^(?:#|doris_)+/g, '').trim())
      .filter((text) => text !== '' && !/^(#|doris_)/.test(text));
    const line = fc.record({ key, value: plain, blank, end: fc.constantFrom('\n', '\r\n', '\n# x = y\n\n') });
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const text = lines
          .map(({ key: name, value, blank: b, end }) => `${b}${name}${b}=${b}${value}${b}${end}`)
          .join('');
        expect(pairsOf(readBackendConf(text))).toEqual(lines.map(({ key: name, value }) => [name, value]));
      }),
    );
  });
});

describe('a port', () => {
  const portOf = (
    confText: string,
    { kind = 'FRONTEND', running }: { kind?: NodeKind; running?: ReadonlyMap<string, string> } = {},
  ) => {
    const conf = readNodeConf({ kind, confText, home: '/opt/sr', ...(running === undefined ? {} : { running }) });
    return kind === 'FRONTEND' ? conf.port('edit_log_port', 9010) : conf.port('heartbeat_service_port', 9050);
  };

  it.each<[string, number]>([
    ['', 9010],
    ['#edit_log_port = 1\nEDIT_LOG_PORT = 2\nedit_log_port_ = 3', 9010],
    ['edit_log_port =\n', 9010],
    ['edit_log_port: 9011\n', 9011],
    ['edit_log_port 9011', 9011],
    ['  edit_log_port\t:\t9011 \n', 9011],
    ['edit_log_port = \\\n   9011\n', 9011],
    ['edit_log_port = 90\\\n   11\n', 9011],
    ['edit_log_\\u0070ort = 9011\n', 9011],
    ['edit_log_port = 9012\nedit_log_port = 9011\n', 9011],
    ['edit_log_port = 9012\\\nedit_log_port = 9011\nedit_log_port=+9011', 9011],
    [`FE_PORT = 9011\nedit_log_port = \${FE_PORT}\n`, 9011],
    [`FE_PORT = "9011" # ours\nexport = x\nedit_log_port = \${FE_PORT}\n`, 9011],
    [`A=90\nB=\${A}11\nedit_log_port = \${B}\n`, 9011],
  ])('of fe.conf %j is known', (text, port) => {
    expect(portOf(text)).toEqual({ value: port });
  });

  it.each([
    `edit_log_port = \${FE_EDIT_LOG_PORT}\n`,
    'edit_log_port = 9011 # ours\n',
    'edit_log_port = "9011"\n',
    'edit_log_port = 9011;\n',
    'edit_log_port = 0\n',
    'edit_log_port = 99999\n',
    `edit_log_port = \${FE_PORT}\nFE_PORT = $(cat /etc/port)\n`,
    `edit_log_port = \${FE_PORT}\nFE_PORT=9011`,
    `edit_log_port = \${user.port}\n`,
    `JAVA_OPTS = -DFE_PORT=1\nFE_PORT=9011\nedit_log_port = \${FE_PORT}\n`,
    'edit_log_port = 9011\nother = \\uXYZ\n',
  ])('of fe.conf %j cannot be told, and is never the default', (text) => {
    expect(portOf(text)).toHaveProperty('unknown');
  });

  it('is what the process was started with, where a variable decides', () => {
    const confText = `edit_log_port = \${FE_EDIT_LOG_PORT}\nmeta_dir = \${META}\n`;
    expect(variablesIn({ kind: 'FRONTEND', confText }, ['edit_log_port'])).toEqual(['FE_EDIT_LOG_PORT']);
    expect(portOf(confText, { running: new Map([['FE_EDIT_LOG_PORT', '9011']]) })).toEqual({ value: 9011 });
  });

  it.each<[string, number | null]>([
    ['', 9050],
    ['heartbeat_service_port=9051\r\n', 9051],
    ['heartbeat_service_port: 9051\n', 9050],
    ['heartbeat_service_port = 9051 # ours\n', null],
    ['heartbeat_service_port\n', null],
    ['heartbeat_service_port = \n', null],
    [`heartbeat_service_port = \${PORT}\n`, null],
    [`PORT = 9051\nheartbeat_service_port = \${PORT}\n`, 9051],
    ['heartbeat_service_port = 9052\nheartbeat_service_port = 9051\n', 9051],
  ])('of be.conf %j is read as a backend reads it', (text, port) => {
    for (const kind of ['BACKEND', 'COMPUTE_NODE'] as const) {
      const told = portOf(text, { kind });
      expect('value' in told ? told.value : null).toBe(port);
    }
  });
});

describe('what the start scripts export', () => {
  const exported = (text: string, name: string) =>
    startEnvironment(text, { kind: 'BACKEND', home: '/opt/be' }).get(name);

  it.each<[string, string]>([
    ['', '/opt/be/bin'],
    [`PID_DIR = \${STARROCKS_HOME}/run\n`, '/opt/be/run'],
    ['PID_DIR=$STARROCKS_HOME/run\n', '/opt/be/run'],
    ['  PID_DIR = "$STARROCKS_HOME/run"  \n', '/opt/be/run'],
    ["PID_DIR='/var/run/$x'\n", '/var/run/$x'],
    ['PID_DIR = /run/be # ours\n', '/run/be'],
    ['PID_DIR = /run/be#1\n', '/run/be#1'],
    ['PID_DIR="/run/a b"\n', '/run/a b'],
    ['BASE=/srv\nPID_DIR=$BASE/run\n', '/srv/run'],
    ['PID_DIR=$LOG_DIR\n', '/opt/be/log'],
    ['PID_DIR: /elsewhere\npid_dir = /elsewhere\n#PID_DIR=/elsewhere\n', '/opt/be/bin'],
    ['PID_DIR=/first\nPID_DIR=/last\n', '/last'],
    ['PID_DIR=/a\nPID_DIR=/b', '/a'],
    ['PID_DIR=/a\\\n/b\n', '/a/b'],
  ])('is told from %j', (text, value) => {
    expect(exported(text, 'PID_DIR')).toEqual({ value });
  });

  it.each([
    '$(cat /x)',
    '`cat /x`',
    '$RUN_DIR/be',
    '~/run',
    '"open',
    "'open",
    '/run/*',
    '/a;b',
    `\${A:-/b}`,
    '$$',
    '$1',
  ])('cannot be told from %s', (value) => {
    expect(exported(`PID_DIR=${value}\n`, 'PID_DIR')).toHaveProperty('unknown');
  });

  it('is found with its line', () => {
    expect(readStartLines('# A=1\n\nA = "x\\\ny"\nB=2\nlower=3\nC=no end')).toEqual([
      { key: 'A', value: '"xy"', line: 3 },
      { key: 'B', value: '2', line: 5 },
    ]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeKinds } from '../../../src/domain/cluster.ts';
import { portsOf, readOverrides } from '../../../src/domain/deploy/conf-overrides.ts';
import { confText, heapFor } from '../../../src/domain/deploy/conf-text.ts';
import { nodePorts } from '../../../src/domain/deploy/node-ports.ts';
import { readStorage, storageRootPath } from '../../../src/domain/deploy/storage-input.ts';
import { storagePathsOf } from '../../../src/domain/deploy/storage-paths.ts';
import { readConfFile, readNodeConf } from '../../../src/domain/node-conf.ts';

const why = (kind: (typeof nodeKinds)[number], ...lines: string[]) =>
  readOverrides(kind, lines).refusals.map(({ message }) => message);

describe('what people give for a conf file', () => {
  it('is taken as it is', () => {
    expect(readOverrides('BACKEND', ['mem_limit = 40%', ' be_port=19060 ', 'webserver_port = 18040'])).toEqual({
      overrides: [
        { key: 'mem_limit', value: '40%' },
        { key: 'be_port', value: '19060' },
        { key: 'be_http_port', value: '18040' },
      ],
      refusals: [],
    });
    expect(why('FRONTEND', `JAVA_OPTS = "-Xmx4g -Dx=\${STARROCKS_HOME}/y"`, 'JAVA_HOME = /usr/lib/jvm/jdk-17')).toEqual(
      [],
    );
  });

  it.each([
    ['BACKEND', 'mem_limit', 'key = value'],
    ['BACKEND', 'mem_limit =', 'has no value'],
    ['BACKEND', 'mem limit = 1', 'not the name of a setting'],
    ['BACKEND', 'a = 1\nstorage_root_path = /etc', 'more than one line'],
    ['BACKEND', 'a = 1\rb = 2', 'more than one line'],
    ['BACKEND', 'a = ä', 'plain ASCII'],
    ['BACKEND', 'storage_root_path = /data', 'the field for storage'],
    ['FRONTEND', 'meta_dir = /meta', 'the field for the directory of metadata'],
    ['FRONTEND', 'PID_DIR = /tmp', 'pid file'],
    ['BACKEND', 'doris_x = 1', 'without doris_'],
    ['BACKEND', 'be_port = 0', '0 is not a port'],
    ['BACKEND', 'be_port = 70000', '70000 is not a port'],
    ['BACKEND', 'be_port = 0x10', '0x10 is not a port'],
    ['BACKEND', 'http_port = 8030', 'a backend has no http_port that is known here'],
    ['FRONTEND', 'heartbeat_service_port = 9050', 'a frontend has no heartbeat_service_port'],
    ['FRONTEND', 'JAVA_OPTS = "$(id)"', 'a shell would run a command'],
    ['FRONTEND', 'JAVA_OPTS = `id`', 'a shell would run a command'],
    ['FRONTEND', 'JAVA_OPTS = "-Xmx4g', 'a quote is not closed'],
    ['BACKEND', 'JAVA_OPTS = a;b', 'a shell makes something else'],
    ['FRONTEND', 'JAVA_OPTS = a\\', 'a frontend would read it as'],
    ['FRONTEND', 'qe_x = a\\', 'a frontend would read it as'],
    ['FRONTEND', 'qe_x = a\\tb', 'a frontend would read it as'],
  ] as const)('of a %s is refused: %s', (kind, line, reason) => {
    const [message, ...others] = why(kind, line);
    expect(others).toEqual([]);
    expect(message).toContain(reason);
  });

  it('never repeats what may be a secret', () => {
    const [message] = why('COMPUTE_NODE', 'aws_s3_secret_key = hunter2');
    expect(message).toContain('a secret is written into the file on the host');
    expect(message).not.toContain('hunter2');
  });

  it('is refused when it says something twice, also by another name', () => {
    expect(why('BACKEND', 'a = 1', 'b = 2', 'a = 1')).toEqual(['The conf has a is given more than once']);
    expect(why('BACKEND', 'be_http_port = 1', 'webserver_port = 2')).toEqual([
      'The conf has be_http_port is given more than once',
    ]);
  });
});

const name = fc
  .stringMatching(/^[a-z][a-z0-9_]{0,12}$/)
  .filter((key) => !/_port$|pass|secret|token|key|doris_/.test(key));
const capital = fc.stringMatching(/^[A-Z][A-Z0-9_]{1,10}$/);
const text = fc.stringMatching(/^[\x20-\x7e]{1,30}$/);

describe('the text of a conf file', () => {
  it('says to StarRocks exactly what was given, and each setting once', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...nodeKinds),
        fc.array(fc.tuple(fc.oneof(name, capital), text), { maxLength: 6 }),
        fc.constantFrom('3.3.2', '3.5.0', '4.0.1'),
        (kind, given, version) => {
          const { overrides, refusals } = readOverrides(
            kind,
            given.map(([key, value]) => `${key} = ${value}`),
          );
          fc.pre(refusals.length === 0);
          const written = confText({
            ...{ kind, version, overrides, label: 'be 10.0.0.11:9050', host: '10.0.0.11', heapMegabytes: 4_096 },
            ...{ ports: portsOf(kind, overrides), metaDir: '/data/meta', javaHome: null },
            storage: [{ path: '/data1', medium: 'SSD' }],
          });
          const { settings, broken } = readConfFile(kind, written);
          expect(broken).toBeNull();
          for (const { key, value } of overrides) {
            const found = settings.filter((setting) => setting.key === key);
            expect(found.map((setting) => setting.value)).toEqual([value]);
          }
          const keys = settings.map(({ key }) => key);
          expect(new Set(keys).size).toBe(keys.length);
          const conf = readNodeConf({ kind, confText: written, home: '/opt/node' });
          for (const [key, usual] of Object.entries(nodePorts[kind]))
            expect(conf.port(key, 1)).toEqual({ value: usual });
        },
      ),
    );
  });

  it.each([
    ['10.0.0.11', 'priority_networks = 10.0.0.11/32'],
    ['fd00::11', 'priority_networks = fd00::11/128'],
    ['be-1.example', null],
  ])('binds the node to its address %s', (host, line) => {
    const written = confText({
      ...{
        kind: 'BACKEND',
        version: '3.5.0',
        overrides: [],
        label: 'be',
        host,
        heapMegabytes: 1,
        javaHome: '/usr/lib/jvm/jdk-17',
      },
      ...{
        ports: portsOf('BACKEND', []),
        metaDir: '',
        storage: [
          { path: '/data1', medium: 'SSD' },
          { path: '/data2', medium: null },
        ],
      },
    });
    expect(written.split('\n').find((each) => each.startsWith('priority_networks')) ?? null).toBe(line);
    expect(written).toContain('JAVA_HOME = /usr/lib/jvm/jdk-17\n');
    expect(written).toContain('storage_root_path = /data1,medium:SSD;/data2\n');
  });

  it('says the heap in all variables that the scripts of the version read', () => {
    const of = (version: string, conf: readonly string[] = []) => {
      const { overrides } = readOverrides('FRONTEND', conf);
      const written = confText({
        ...{
          kind: 'FRONTEND',
          version,
          overrides,
          label: 'fe',
          host: '10.0.0.1',
          heapMegabytes: 6_144,
          javaHome: null,
        },
        ...{ ports: portsOf('FRONTEND', overrides), metaDir: '/meta', storage: [] },
      });
      return written
        .split('\n')
        .filter((line) => line.startsWith('JAVA_OPTS'))
        .map((line) => line.replace(/ =.*-Xmx(\w+).*/, ' $1'));
    };
    expect(of('3.5.0')).toEqual(['JAVA_OPTS 6144m']);
    expect(of('3.3.2')).toEqual(['JAVA_OPTS 6144m', 'JAVA_OPTS_FOR_JDK_9 6144m', 'JAVA_OPTS_FOR_JDK_11 6144m']);
    expect(of('3.3.2', ['JAVA_OPTS = "-Xmx2g"'])).toEqual([
      'JAVA_OPTS 2g',
      'JAVA_OPTS_FOR_JDK_9 2g',
      'JAVA_OPTS_FOR_JDK_11 2g',
    ]);
    expect(of('3.3.2', ['JAVA_OPTS_FOR_JDK_11 = "-Xmx3g"'])[2]).toBe('JAVA_OPTS_FOR_JDK_11 3g');
    expect([null, 4 * 1024 ** 3, 64 * 1024 ** 3].map(heapFor)).toEqual([8_192, 3_072, 8_192]);
  });
});

describe('storage', () => {
  it('is read as a backend reads it again', () => {
    const { storage, refusals } = readStorage(['/data1,medium:SSD', ' /data2/ ', '/data3, medium: hdd']);
    expect(refusals).toEqual([]);
    expect(storage).toEqual([
      { path: '/data1', medium: 'SSD' },
      { path: '/data2', medium: null },
      { path: '/data3', medium: 'HDD' },
    ]);
    expect(storagePathsOf(storageRootPath(storage))).toEqual(storage);
  });

  it.each([
    ['', 'is not a path'],
    ['/data1;/data2', 'is not a path'],
    ['/data1,capacity:50', 'is not a path'],
    ['/data1,medium:NVME', 'not a medium'],
    ['/data.x', 'ends in .x, which a backend takes for its medium'],
    ['data1', 'is not an absolute path'],
    ['/', 'belongs to the whole machine'],
    ['/etc/data', 'directory of the system'],
  ])('is refused: "%s"', (line, reason) => {
    const { refusals } = readStorage([line]);
    expect(refusals.map(({ message }) => message)).toEqual([expect.stringContaining(reason)]);
  });

  it('is refused when it names a path twice', () => {
    expect(readStorage(['/data1', '/data1/,medium:SSD']).refusals).toHaveLength(1);
  });
});

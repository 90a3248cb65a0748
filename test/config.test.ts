import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config.ts';

const minimal = {
  DATABASE_URL: 'mysql://a:b@h/d',
  REDIS_URL: 'redis://h',
  STARWARDEN_SECRET_KEY: randomBytes(32).toString('base64'),
};

describe('loadConfig', () => {
  it('needs little, and an absent part is null', () => {
    expect(loadConfig(minimal)).toMatchObject({
      slack: null,
      monitor: { probeEveryMs: 15_000 },
      worker: { leaseMs: 15_000 },
      auth: { insecure: false, bootstrapTokens: [] },
    });
  });

  it('reports every mistake at once, by name and without the value', () => {
    const bad = {
      DATABASE_URL: 'postgres://hunter2',
      STARWARDEN_SECRET_KEY: 'c2hvcnQ=',
      PORT: '99999',
      STARWARDEN_BOOTSTRAP_TOKENS: '[{"token":"hunter2"',
    };
    let message = '';
    try {
      loadConfig(bad);
    } catch (error) {
      message = error instanceof Error ? error.message : '';
    }
    for (const name of ['DATABASE_URL', 'REDIS_URL', 'STARWARDEN_SECRET_KEY', 'PORT', 'STARWARDEN_BOOTSTRAP_TOKENS'])
      expect(message).toContain(`${name}:`);
    expect(message).not.toContain('hunter2');
  });

  it('takes a Prometheus with what a site needs, and none without its address', () => {
    expect(loadConfig({ ...minimal, PROMETHEUS_PORT: 'tcp://10.0.0.1:9090' }).prometheus).toBeNull();
    const site = {
      PROMETHEUS_CLUSTERS: '{"prod-eu":{"labels":{"job":"a"},"instances":{"10.0.0.1:8030":"fe-1"}},"dev":null}',
    };
    expect(loadConfig({ ...minimal, ...site, PROMETHEUS_URL: 'https://p.example.com/prom/' }).prometheus).toEqual({
      url: 'https://p.example.com/prom',
      login: null,
      timeoutMs: 10_000,
      site: {
        clusterLabel: null,
        instanceLabel: 'instance',
        scrapeMs: 60_000,
        clusters: { 'prod-eu': { labels: { job: 'a' }, instances: { '10.0.0.1:8030': 'fe-1' } }, dev: null },
      },
    });
    const login = { PROMETHEUS_USER: 'sw', PROMETHEUS_PASSWORD: 'file:/run/secrets/p' };
    expect(loadConfig({ ...minimal, ...login, PROMETHEUS_URL: 'http://p' }).prometheus?.login).toEqual({
      kind: 'BASIC',
      user: 'sw',
      password: 'file:/run/secrets/p',
    });
  });

  it.each([
    [{ PROMETHEUS_BEARER_TOKEN: 'hunter2' }, 'PROMETHEUS_BEARER_TOKEN is set and PROMETHEUS_URL is not'],
    [{ PROMETHEUS_URL: 'prometheus:9090' }, 'PROMETHEUS_URL looks like https://prometheus.example.com'],
    [{ PROMETHEUS_URL: 'http://a:hunter2@p' }, 'PROMETHEUS_URL has no login in it'],
    [{ PROMETHEUS_URL: 'http://p/api/v1' }, 'PROMETHEUS_URL is the address without /api/v1'],
    [{ PROMETHEUS_URL: 'http://p?token=hunter2' }, 'PROMETHEUS_URL ends with its path'],
    [{ PROMETHEUS_URL: 'http://p', PROMETHEUS_USER: 'a' }, 'PROMETHEUS_USER and PROMETHEUS_PASSWORD are set together'],
    [
      {
        PROMETHEUS_URL: 'http://p',
        PROMETHEUS_USER: 'a',
        PROMETHEUS_PASSWORD: 'hunter2',
        PROMETHEUS_BEARER_TOKEN: 't',
      },
      'PROMETHEUS_BEARER_TOKEN and PROMETHEUS_USER are two logins',
    ],
    [{ PROMETHEUS_URL: 'http://p', PROMETHEUS_CLUSTERS: '{' }, 'PROMETHEUS_CLUSTERS is not JSON'],
    [{ PROMETHEUS_URL: 'http://p', PROMETHEUS_CLUSTERS: '{"a":{"label":{}}}' }, 'PROMETHEUS_CLUSTERS has a mistake'],
    [{ PROMETHEUS_URL: 'http://p', PROMETHEUS_CLUSTER_LABEL: 'a"b' }, 'PROMETHEUS_CLUSTER_LABEL: '],
  ])('says what is wrong with %j', (given, words) => {
    let message = '';
    try {
      loadConfig({ ...minimal, ...given });
    } catch (error) {
      message = error instanceof Error ? error.message : '';
    }
    expect(message).toContain(words);
    expect(message).not.toContain('hunter2');
  });

  it('tells for what is missing what it should be', () => {
    for (const [name, example] of [
      ['DATABASE_URL', 'mysql://user:password@host:3306/starwarden'],
      ['REDIS_URL', 'redis://:password@host:6379/0'],
      ['STARWARDEN_SECRET_KEY', 'openssl rand -base64 32'],
    ] as const) {
      const without = { ...minimal, [name]: undefined };
      expect(() => loadConfig(without)).toThrow(new RegExp(`${name}: is needed: .*${example}`));
    }
  });

  it('reads secrets from the environment only below the prefix', () => {
    const config = loadConfig({ ...minimal, STARWARDEN_CRED_X: 'yes' });
    expect(config.readEnv('STARWARDEN_CRED_X')).toBe('yes');
    expect(config.readEnv('DATABASE_URL')).toBeUndefined();
  });

  it('keeps what it fetches in a directory of this user, within a bound', () => {
    expect(loadConfig(minimal).downloads).toEqual({
      directory: `/var/tmp/starwarden-downloads-${process.getuid?.()}`,
      mostBytes: 20 * 1_073_741_824,
    });
    const given = { ...minimal, STARWARDEN_DOWNLOADS_DIR: '/srv/kept', STARWARDEN_DOWNLOADS_MAX_GIB: '0.5' };
    expect(loadConfig(given).downloads).toEqual({ directory: '/srv/kept', mostBytes: 536_870_912 });
    for (const bad of [{ STARWARDEN_DOWNLOADS_DIR: 'here' }, { STARWARDEN_DOWNLOADS_MAX_GIB: '0' }])
      expect(() => loadConfig({ ...minimal, ...bad })).toThrow(Object.keys(bad)[0]);
  });

  it('has no directory of releases unless one is named by an absolute path', () => {
    expect(loadConfig(minimal).releasesDirectory).toBeNull();
    expect(loadConfig({ ...minimal, STARWARDEN_RELEASES_DIR: '/srv/releases' }).releasesDirectory).toBe(
      '/srv/releases',
    );
    for (const bad of ['releases', './releases', '/srv/releases/', '/'])
      expect(() => loadConfig({ ...minimal, STARWARDEN_RELEASES_DIR: bad })).toThrow('STARWARDEN_RELEASES_DIR: ');
  });

  it('wants the tokens of the Slack transport that is chosen', () => {
    expect(() => loadConfig({ ...minimal, SLACK_BOT_TOKEN: 'xoxb-1' })).toThrow(
      'SLACK_APP_TOKEN is needed in Socket Mode',
    );
    expect(() => loadConfig({ ...minimal, SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SOCKET_MODE: 'false' })).toThrow(
      'SLACK_SIGNING_SECRET is needed',
    );
  });
});

import { expect, it } from 'vitest';
import { endpointsOf } from '../../src/domain/endpoints.ts';

const tls = { verify: true, ca: null };
const seeds = [{ host: 'fe.example', port: 9030 }];
const frontend = (host: string, queryPort: number | null) => ({ kind: 'FRONTEND' as const, host, queryPort });
const keys = { region: null, pathStyle: true, accessKeyRef: 'secret:sec_1', secretKeyRef: 'secret:sec_2' };
const store = (endpoint: string | null) => ({ access: { ...keys, endpoint } });
const names = (known: Parameters<typeof endpointsOf>[0]) => endpointsOf(known).map(({ name }) => name);

it('looks at the query ports of frontends, and at those of registration while none is known', () => {
  const cluster = { tls, seeds };
  const nodes = [frontend('10.0.0.1', 9030), frontend('10.0.0.2', null), frontend('10.0.0.3', 0)];
  expect(names({ cluster, nodes, repositories: [] })).toEqual(['10.0.0.1:9030']);
  expect(names({ cluster, nodes: [], repositories: [] })).toEqual(['fe.example:9030']);
});

it('looks at no query port where the cluster is asked without TLS', () => {
  expect(names({ cluster: { tls: null, seeds }, nodes: [frontend('10.0.0.1', 9030)], repositories: [] })).toEqual([]);
});

it('looks at the https endpoints that repositories name, each once', () => {
  const given = ['https://store.example/', 'https://store.example', 'http://plain.example', 'https://[::1]:9000', 'x'];
  const repositories = [...given.map(store), store(null), { access: null }];
  expect(endpointsOf({ cluster: { tls: null, seeds }, nodes: [], repositories })).toEqual([
    { kind: 'TLS', host: 'store.example', port: 443, name: 'https://store.example' },
    { kind: 'TLS', host: '::1', port: 9000, name: 'https://[::1]:9000' },
  ]);
});

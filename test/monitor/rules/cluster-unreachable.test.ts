import { describe, expect, it } from 'vitest';
import { NoGreeting } from '../../../src/adapters/starrocks/classify.ts';
import { AppError } from '../../../src/errors.ts';
import { clusterUnreachable } from '../../../src/monitor/rules/cluster-unreachable.ts';
import { conditionsOf, probe, seen, textsOf, unseen } from './builders.ts';

describe('the rule cluster_unreachable', () => {
  it('is CRITICAL when nobody answers, and says who still answers over HTTP', () => {
    const failure = new AppError('SQL_UNREACHABLE', 'no frontend of the cluster answered');
    const probes = [probe({ kind: 'FRONTEND', httpProblem: 'refused' }), probe(), probe({ httpProblem: 'refused' })];
    const look = unseen(failure, probes);
    const [condition] = conditionsOf(clusterUnreachable, look);
    expect(condition).toMatchObject({
      severity: 'CRITICAL',
      title: 'No frontend answers',
      pastTitle: 'No frontend answered',
      minSamples: 3,
    });
    expect(textsOf(clusterUnreachable, look)[0]).toBe(
      'None could be reached over SQL since 2026-03-01 12:00:05 UTC: no frontend of the cluster answered. ' +
        'Over HTTP 0 of 1 frontends, 1 of 2 backends answer. If clients fare the same, nobody can query or load. Alerts about its nodes wait until it answers.',
    );
  });

  it('does not say that nobody answers where a frontend does, and only the leader is away', () => {
    const failure = new AppError('SQL_UNREACHABLE', 'the leader cannot be reached');
    const look = unseen(failure, [probe({ kind: 'FRONTEND' })], { isAnswering: true });
    const [condition] = conditionsOf(clusterUnreachable, look);
    expect(condition).toMatchObject({
      severity: 'CRITICAL',
      title: 'The frontends reach no leader',
      pastTitle: 'The frontends reached no leader',
    });
    expect(textsOf(clusterUnreachable, look)[0]).toBe(
      'A frontend lets Starwarden in and answers what it knows itself, but none could ask a leader for the nodes since 2026-03-01 12:00:05 UTC: the leader cannot be reached. ' +
        'Over HTTP 1 of 1 frontends answer. As a rule their majority is lost then: nothing can be changed or loaded, and what still can be queried is not known. Alerts about its nodes wait until it answers.',
    );
  });

  it('says so when every frontend accepts the connection and sends no greeting, and only then', () => {
    const mute = () => new NoGreeting('SQL_UNREACHABLE', '10.0.0.1:9030 sends no greeting', { retryable: true });
    const all = (...cause: AppError[]) => new AppError('SQL_UNREACHABLE', 'no frontend answered', { cause });
    const titleOf = (failure: AppError) => conditionsOf(clusterUnreachable, unseen(failure))[0]?.title;
    for (const failure of [mute(), all(mute(), mute())])
      expect(titleOf(failure)).toBe('The frontends send no greeting');
    expect(titleOf(all(mute(), new AppError('SQL_UNREACHABLE', 'refused')))).toBe('No frontend answers');
    expect(titleOf(all())).toBe('No frontend answers');
  });

  it('is HIGH when it is only we who are refused', () => {
    const look = unseen(new AppError('SQL_AUTH_FAILED', 'wrong password'));
    const [condition] = conditionsOf(clusterUnreachable, look);
    expect(condition).toMatchObject({
      severity: 'HIGH',
      title: 'The cluster cannot be observed',
      pastTitle: 'The cluster could not be observed',
    });
    expect(textsOf(clusterUnreachable, look)[0]).toContain(
      'Starwarden is refused since 2026-03-01 12:00:05 UTC: wrong password.',
    );
  });

  it('does not hold where a frontend tells the nodes', () => {
    expect(conditionsOf(clusterUnreachable, seen([]))).toEqual([]);
  });
});

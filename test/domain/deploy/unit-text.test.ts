import { expect, it } from 'vitest';
import { unitText } from '../../../src/domain/deploy/unit-text.ts';

it('waits for the disks of the node: without its metadata a first frontend would begin an empty cluster', () => {
  const text = unitText({
    ...{ label: 'fe 10.0.0.1:9010', kind: 'FRONTEND', deployDir: '/opt/fe', dataDirs: ['/data 1/100%/meta'] },
    ...{ user: 'starrocks', helper: null, hostType: 'IP' },
  });
  expect(text.split('\n')).toContain('RequiresMountsFor="/opt/fe" "/data 1/100%%/meta"');
});

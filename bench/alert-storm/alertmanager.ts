import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { startChild } from '../../scripts/lib/child.mjs';
import { findExecutable } from '../../scripts/lib/programs.mjs';

export const needed = [{ program: 'prometheus-alertmanager', packages: ['prometheus-alertmanager'] }] as const;

export type TheirAlert = {
  readonly cluster: string;
  readonly rule: string;
  readonly severity: string;
  readonly node: string;
};

const notification = z.object({ alerts: z.array(z.object({ labels: z.record(z.string(), z.string()) })) });
const at = 25_000;

/**
 * Alertmanager of Debian with its usual times, one group for each cluster, rule and severity, and a receiver that takes everything at
 * once. Answers when each notification came and what it held.
 */
export async function tellByAlertmanager({
  dir,
  alerts,
  limitMs,
}: {
  dir: string;
  alerts: readonly TheirAlert[];
  limitMs: number;
}) {
  const program = findExecutable(['prometheus-alertmanager']);
  if (program === null) throw new Error('prometheus-alertmanager is not installed');
  await mkdir(dir, { recursive: true });
  const told: number[] = [];
  const critical = new Map<string, number>();
  const known = new Set<string>();
  const receiver = createServer(async (request, response) => {
    const { alerts: some } = notification.parse(await json(request));
    const now = performance.now();
    told.push(now);
    for (const { labels } of some) {
      const name = `${labels.cluster}/${labels.node}`;
      known.add(name);
      if (labels.severity === 'CRITICAL' && !critical.has(name)) critical.set(name, now);
    }
    response.end();
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const file = join(dir, 'alertmanager.yml');
  const url = `http://127.0.0.1:${portOf(receiver.address())}/`;
  const config = {
    route: { receiver: 'one', group_by: ['cluster', 'alertname', 'severity'] },
    receivers: [{ name: 'one', webhook_configs: [{ url }] }],
  };
  await writeFile(file, JSON.stringify(config)); // YAML, too
  const port = at + Math.floor(Math.random() * 5_000);
  const output = openSync(join(dir, 'alertmanager.log'), 'a', 0o600);
  const args = [`--config.file=${file}`, `--storage.path=${join(dir, 'data')}`, '--cluster.listen-address='];
  const child = await startChild(program, [...args, `--web.listen-address=127.0.0.1:${port}`], {
    output,
    env: { PATH: process.env.PATH },
  });
  closeSync(output);
  try {
    const base = `http://127.0.0.1:${port}`;
    for (const until = Date.now() + 30_000; Date.now() < until && child.alive(); await sleep(100))
      if (
        await fetch(`${base}/-/ready`).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        break;
    const startedAt = performance.now();
    const body = alerts.map(({ cluster, rule, severity, node }) => ({
      labels: { alertname: rule, cluster, severity, node },
      annotations: { summary: `${node} is down` },
    }));
    const headers = { 'Content-Type': 'application/json' };
    const answer = await fetch(`${base}/api/v2/alerts`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`Alertmanager answered ${answer.status}: ${await answer.text()}`);
    for (const until = Date.now() + limitMs; known.size < alerts.length; await sleep(200))
      if (Date.now() > until) throw new Error(`Alertmanager told of ${known.size} of ${alerts.length} alerts`);
    return {
      pid: child.pid,
      ...{ told: told.map((ms) => ms - startedAt), waits: [...critical.values()].map((ms) => ms - startedAt) },
      stop: () => child.stop(),
    };
  } catch (error) {
    await child.stop();
    throw error;
  } finally {
    receiver.closeAllConnections();
    receiver.close();
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('no port for a listening socket');
  return address.port;
}

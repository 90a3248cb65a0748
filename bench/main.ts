import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Told } from '../scripts/lib/say.mjs';
import { alertStorm } from './alert-storm/alert-storm.ts';
import { backupPlan } from './backup-plan/backup-plan.ts';
import { fanOut } from './fan-out/fan-out.ts';
import { fleetQueryBenchmark } from './fleet-query/fleet-query.ts';
import { runEach } from './lib/run-each.ts';
import { runOne } from './lib/run-one.ts';
import { memory } from './memory/memory.ts';
import { metricRead } from './metric-read/metric-read.ts';
import { parserBenchmark } from './parser/parser.ts';
import { probeBenchmark } from './probe/probe.ts';
import { runStart } from './run-start/run-start.ts';
import { slackAck } from './slack-ack/slack-ack.ts';
import { textBenchmark } from './text/text.ts';
import { upgrade } from './upgrade/upgrade.ts';

/*
 * `npm run bench -- <name>` runs one benchmark, `npm run bench` all of them. The last line is one JSON object: the
 * figures, or the figures by name of benchmark.
 *
 *   --quick            just enough work to show that it works
 *   --profile <dir>    the processes that work leave CPU profiles there
 */

const benchmarks = new Map(
  [
    runStart,
    fleetQueryBenchmark,
    slackAck,
    textBenchmark,
    parserBenchmark,
    probeBenchmark,
    metricRead,
    alertStorm,
    memory,
    backupPlan,
    upgrade,
    fanOut,
  ].map((benchmark) => [benchmark.name, benchmark]),
);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, profile: { type: 'string' } },
});
const names = positionals.length > 0 ? positionals : [...benchmarks.keys()];
const unknown = names.find((name) => !benchmarks.has(name));
if (unknown !== undefined) {
  const known = [...benchmarks.values()].map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`);
  console.error(`There is no benchmark ${unknown}. There are:\n${known.join('\n')}`);
  process.exit(2);
}

const [only] = names.length === 1 ? names.flatMap((name) => benchmarks.get(name) ?? []) : [];
const options = { quick: values.quick, profileDir: values.profile === undefined ? null : resolve(values.profile) };
try {
  const results =
    only === undefined
      ? await runEach(names, { ...options, program: fileURLToPath(import.meta.url) })
      : await runOne(only, options);
  console.log(JSON.stringify(results));
} catch (error) {
  if (!(error instanceof Told)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';
import { overBudget } from './running/budget.ts';

type Failure = { where: string; what: string; message: string };

/** Ends a run with what took too long, the one thing to look at, if there is one, and the counts alone on the last line. */
export default class SummaryReporter implements Reporter {
  #root = process.cwd();
  #startedAt = performance.now();

  onInit(vitest: Vitest) {
    this.#root = vitest.config.root;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly { message: string }[]) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const brokenModules = modules.flatMap((module) => describeBrokenModule(module));
    const failures = [
      ...tests.flatMap((test) => describeFailure(test, this.#root)),
      ...brokenModules,
      ...unhandledErrors.map(({ message }) => ({ where: 'outside of any test', what: 'unhandled error', message })),
    ];
    // A file that cannot be loaded and an error outside of any test are failures too, or the counts would hide them.
    const failed = count('failed') + brokenModules.length + unhandledErrors.length;
    const slow = overBudget(
      modules.map((module) => ({
        file: module.relativeModuleId,
        seconds: module.diagnostic().duration / 1_000,
        isLong: module.project.name === 'long',
      })),
      (performance.now() - this.#startedAt) / 1_000,
    );
    const counts = summarize(count('passed'), failed, count('skipped'));
    process.stdout.write(`${[...slow, ...pointAt(failures), counts].join('\n')}\n`);
  }
}

function summarize(passed: number, failed: number, skipped: number) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function pointAt([first, ...others]: readonly Failure[]) {
  if (first === undefined) return [];
  const more = others.length > 0 ? ` (and ${others.length} more above)` : '';
  return ['', `Look at ${first.where}${more}`, `  ${first.what}`, `  ${first.message.split('\n')[0]}`, ''];
}

function describeFailure(test: TestCase, root: string): Failure[] {
  const { state, errors } = test.result();
  if (state !== 'failed') return [];
  const error = errors?.[0];
  const frame = error?.stacks?.find(({ file }) => file === test.module.moduleId);
  const line = frame === undefined ? '' : `:${frame.line}`;
  const where = `${relative(root, test.module.moduleId)}${line}`;
  return [{ where, what: test.fullName, message: error?.message ?? 'failed without an error' }];
}

function describeBrokenModule(module: TestModule): Failure[] {
  const [error] = module.errors();
  if (error === undefined) return [];
  return [{ where: module.relativeModuleId, what: 'the file could not be loaded', message: error.message }];
}

import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { root } from './projects.ts';
import { recordedSeconds } from './recorded-seconds.ts';

/**
 * What failed last time first, then the longest: a long file that begins last keeps the whole run waiting. The files of a project
 * come together, those of `store` last, which are short: a process is kept only for a next file of its own project.
 */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted(
      (one, other) =>
        groupOf(one) - groupOf(other) ||
        Number(isShort(one)) - Number(isShort(other)) ||
        this.#weight(other) - this.#weight(one),
    );
  }

  /** As it was here the last time; on a machine that has never run it, as it was on ours. */
  #weight(file: TestSpecification): number {
    const last = this.ctx.cache.getTestSpecificationResult(file);
    if (last?.failed) return Number.POSITIVE_INFINITY;
    const path = relative(root, file.moduleId);
    return last === undefined ? (recordedSeconds[path] ?? 0) * 1_000 : last.duration;
  }
}

function groupOf({ project }: TestSpecification): number {
  return project.config.sequence.groupOrder;
}

function isShort({ project }: TestSpecification): boolean {
  return project.name === 'store';
}

import type { AnyOperation } from './define.ts';

/** Every operation there is. Adding one = its folder, one line here, one test. */
export const operations: readonly AnyOperation[] = [];

import type { Rule } from '../define-rule.ts';
import { clusterUnreachable } from './cluster-unreachable.ts';
import { nodeDown } from './node-down.ts';

/** Every alert rule. Where several hide an alert, the first of them is named. */
export const rules: readonly Rule[] = [clusterUnreachable, nodeDown];

import type { z } from 'zod';
import type { Subject } from '../../../domain/subject.ts';
import { newNode } from '../new-node.ts';

/** A node as far as the cluster is told of it. */
export const member = newNode.pick({ label: true, kind: true, role: true, host: true, port: true });
export type MemberParams = z.infer<typeof member>;

/** It has no id before the cluster knows it, so its label is what it is told by. */
export function newNodeSubject({ label }: Pick<MemberParams, 'label'>): Subject {
  return { kind: 'node', id: null, label };
}

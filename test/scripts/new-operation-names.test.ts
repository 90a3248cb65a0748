import { describe, expect, it } from 'vitest';
import { type Names, namesOf } from '../../scripts/new-operation/names.ts';
import { withOperation } from '../../scripts/new-operation/templates.ts';
import { type Tree, whyNot } from '../../scripts/new-operation/why-not.ts';

const drainNode: Names = { kebab: 'drain-node', camel: 'drainNode', pascal: 'DrainNode', title: 'Drain node' };

describe('the name of a new operation', () => {
  it.each(['drain-node', 'drainNode'])('may be given as %s', (given) => {
    expect(namesOf(given)).toEqual(drainNode);
  });

  it.each([
    ['', 'is no name'],
    ['drain', 'says too little'],
    ['Drain-Node', 'is no name'],
    ['drain--node', 'is no name'],
    ['drain_node', 'is no name'],
    ['2-nodes', 'is no name'],
    ['drain-2', 'is no name'],
    ['drain node', 'is no name'],
    ['drain-', 'is no name'],
    ['../drain-node', 'is no name'],
    [`${'a-'.repeat(21)}b`, 'is longer than 40 characters'],
  ])('is not %j', (given, reason) => {
    expect(namesOf(given)).toContain(reason);
  });
});

describe('a new operation', () => {
  const tree: Tree = {
    families: ['cluster', 'node'],
    operations: ['restartNode'],
    kinds: ['stopNode'],
    verbs: ['restart', 'status'],
    has: () => false,
  };
  const reason = (family: string, more: Partial<Tree> = {}) =>
    whyNot({ family, names: drainNode, tree: { ...tree, ...more } });

  it('is written where nothing is in the way', () => {
    expect(reason('node')).toBeNull();
  });

  it.each([
    ['moon', {}, 'There is no family moon; there are cluster, node. A new one is a new folder in src/operations.'],
    ['../node', {}, 'There is no family ../node;'],
    ['node', { operations: ['drainNode'] }, 'There is an operation drainNode already.'],
    ['node', { kinds: ['lookBeforeDrainNode'] }, 'There is a kind of step called lookBeforeDrainNode already.'],
    ['node', { verbs: ['drain-node'] }, '`/sr drain-node` means something already.'],
    [
      'node',
      { has: () => true },
      'src/operations/node/drain-node and test/operations/node/drain-node.test.ts is there already.',
    ],
  ])('is refused in %s for %o', (family, more, sentence) => {
    expect(reason(family, more)).toContain(sentence);
  });

  it('is the last in the registry', () => {
    const index = "import { a } from './a/a.ts';\n\nexport const operations = [\n  a,\n];\n";
    expect(withOperation(index, 'node', drainNode)).toBe(
      "import { drainNode } from './node/drain-node/drain-node.ts';\nimport { a } from './a/a.ts';\n\nexport const operations = [\n  a,\n  drainNode,\n];\n",
    );
    expect(() => withOperation('export {};', 'node', drainNode)).toThrow('has no list');
  });
});

import { describe, expect, it } from 'vitest';
import { type Names, namesOf } from '../../scripts/new-operation/names.ts';
import { withCase, withHeld, withOperation, withSample } from '../../scripts/new-operation/templates.ts';
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
    mutations: ['approveRun'],
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
    ['node', { mutations: ['drainNode'] }, 'The API has a mutation drainNode already.'],
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

  it.each(['cluster-id', 'define-operation', 'read-topology'])('is not called %s, which its own file uses', (given) => {
    const names = namesOf(given);
    if (typeof names === 'string') throw new Error(names);
    expect(whyNot({ family: 'node', names, tree })).toContain("is a name that an operation's own file uses");
  });

  it('is the last in the registry', () => {
    const index = "import { a } from './a/a.ts';\n\nexport const operations = [\n  a,\n];\n";
    expect(withOperation(index, 'node', drainNode)).toBe(
      "import { drainNode } from './node/drain-node/drain-node.ts';\nimport { a } from './a/a.ts';\n\nexport const operations = [\n  a,\n  drainNode,\n];\n",
    );
    expect(() => withOperation('export {};', 'node', drainNode)).toThrow('has no list');
  });

  it('has a sample of its step at the end of the samples', () => {
    const samples = 'export const stepSamples: readonly StepSpec[] = [\n  a.with({}),\n];\n\nconst b = [\n];\n';
    expect(withSample(samples, 'node', drainNode)).toBe(
      "import { lookBeforeDrainNode } from '../../src/operations/node/drain-node/look-before-drain-node.ts';\n" +
        'export const stepSamples: readonly StepSpec[] = [\n  a.with({}),\n  lookBeforeDrainNode.with({}),\n];\n\nconst b = [\n];\n',
    );
    expect(() => withSample('export {};', 'node', drainNode)).toThrow('has no list');
  });

  it('is the last of those whose workers die, and sends nothing', () => {
    const cases = 'export function cases() {\n  return {\n    a: {\n    },\n  };\n}\n';
    const added =
      '    drainNode: {\n      prepare: ensureCluster,\n      input: async () => ({ clusterId: tools.clusterId() }),\n      effects: changesSent,\n      wanted: [],\n    },\n';
    expect(withCase(cases, drainNode)).toBe(cases.replace('    },\n  };', `    },\n${added}  };`));
    expect(() => withCase('export {};', drainNode)).toThrow('has no cases');
  });

  it('has its step among those that are tried so, by name', () => {
    const held =
      "export const held = {\n  clusterOperations: [\n    'a',\n    'z',\n  ],\n  upgrade: [\n    'b',\n  ],\n};\n";
    expect(withHeld(held, drainNode)).toBe(held.replace("    'z'", "    'lookBeforeDrainNode',\n    'z'"));
    expect(() => withHeld('export {};', drainNode)).toThrow('has no list');
  });
});

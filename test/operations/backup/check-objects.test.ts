import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkObjects, type ObjectsToCheck } from '../../../src/operations/backup/verify/check-objects.ts';
import { verdictOf } from '../../../src/operations/backup/verify/verdict.ts';
import { type HeldObject, md5, objectsOf } from '../../helpers/objects.ts';
import { buildSnapshot, keyWith, snapshotName } from '../../helpers/snapshots.ts';

const what: ObjectsToCheck = { ...snapshotName, readAtMostBytes: 1_000_000, remembered: null };

async function look(objects: Map<string, HeldObject>, extra: Partial<ObjectsToCheck> = {}) {
  const reads: string[] = [];
  const watching = { signal: new AbortController().signal, now: () => new Date(0), log: () => undefined };
  const found = await checkObjects(objectsOf(objects, reads), { ...what, ...extra }, watching);
  const contents = reads.filter((key) => !key.includes('__info_'));
  return { ...verdictOf(found), found, contents };
}

/** What is remembered of a snapshot that was found complete. */
async function remember(objects: Map<string, HeldObject>) {
  return { at: new Date('2026-11-27T10:00:00Z'), sums: (await look(objects)).found.sums };
}

describe.each([{ namesFiles: false }, { namesFiles: true }])(
  'a snapshot whose manifest names files: $namesFiles',
  (how) => {
    it('is whole when everything is there, and nothing is read of what the store has the MD5 of', async () => {
      const { objects } = buildSnapshot(how);
      const { passed, message, found, contents } = await look(objects);
      expect({ passed, contents }).toEqual({ passed: true, contents: [] });
      expect(message).toMatch(/^17 objects, .*all there/);
      expect(found.objects).toBe(17);
    });

    it.each(['101.hdr', '__103/0200_0.dat', '__meta'])('is not whole without %s, and says where', async (part) => {
      const { objects } = buildSnapshot(how);
      const remembered = await remember(objects);
      objects.delete(keyWith(objects, part));
      const { passed, message } = await look(objects, { remembered });
      expect(passed).toBe(false);
      expect(message).toMatch(part === '__meta' ? /no __meta where there has to be one/ : /parted, partition p[12]: /);
    });

    it('is not whole when a tablet has nothing, also when it was never looked at before', async () => {
      const { objects } = buildSnapshot(how);
      for (const key of [...objects.keys()]) if (key.includes('/__105/')) objects.delete(key);
      expect((await look(objects)).message).toMatch(/not whole: orders: nothing of tablet 105 is there/);
    });

    it('is not whole when an object is cut short, though its name is there', async () => {
      const { objects } = buildSnapshot(how);
      objects.set(keyWith(objects, '__102/0200_1.dat'), { content: 'more ro' });
      const { passed, message, contents } = await look(objects);
      expect(passed).toBe(false);
      expect(message).toMatch(
        /parted, partition p1: .*0200_1\.dat\S* has another content than its name says \(7 bytes\)/,
      );
      expect(contents).toHaveLength(1);
    });

    it('is read where the ETag is no MD5, as after an upload in parts', async () => {
      const { objects } = buildSnapshot(how);
      const key = keyWith(objects, '__104/0200_0.dat');
      objects.set(key, { content: 'rows of 104', etag: `${md5('parts')}-2` });
      const { passed, message, contents } = await look(objects);
      expect({ passed, contents }).toEqual({ passed: true, contents: [key] });
      expect(message).toMatch(/Read for this: 1 object, 11 bytes/);
    });

    it('is read where the ETag is another MD5, as with keys of a key service, before it is called replaced', async () => {
      const { objects } = buildSnapshot(how);
      for (const [key, { content }] of objects) objects.set(key, { content, etag: md5(`sealed ${content}`) });
      expect(await look(objects)).toMatchObject({ passed: true, found: { read: { objects: 17 } } });
    });

    it('tells nothing when more would have to be read than may be', async () => {
      const { objects } = buildSnapshot(how);
      const key = keyWith(objects, '__104/0200_0.dat');
      objects.set(key, { content: 'rows of 104', etag: `${md5('parts')}-2` });
      const { passed, message, contents } = await look(objects, { readAtMostBytes: 10 });
      expect({ passed, contents }).toEqual({ passed: null, contents: [] });
      expect(message).toMatch(/could not be told: .*no MD5 of 1 object, 11 bytes, and they were not read/);
    });

    it('is whole with objects beside it that do not belong to it, and names them', async () => {
      const { objects } = buildSnapshot(how);
      objects.set('__ss_sales_1/__ss_content/__db_1/__tbl_10/__part_20/__idx_11/__101/0200_7.dat.part', {
        content: 'half',
      });
      objects.set(`__ss_sales_1/__ss_content/__db_1/__tbl_99/__part_20/__idx_11/__101/x.dat.${md5('x')}`, {
        content: 'x',
      });
      objects.set('__ss_sales_1/../../elsewhere', { content: 'x' });
      const { passed, message, found } = await look(objects);
      expect({ passed, extras: found.extras, objects: found.objects }).toEqual({
        passed: true,
        extras: 3,
        objects: 17,
      });
      expect(message).toMatch(/Beside it lie 3 objects that do not belong to it: /);
    });

    it('does not take an object for one of its own that lies in the directory of another table, partition or index', async () => {
      for (const [from, to] of [
        ['__tbl_10', '__tbl_12'],
        ['__part_20', '__part_21'],
        ['__idx_11', '__idx_13'],
        ['__db_1', '__db_2'],
      ]) {
        const { objects } = buildSnapshot(how);
        const key = keyWith(objects, '__101/101.hdr');
        const held = objects.get(key);
        objects.delete(key);
        if (held !== undefined) objects.set(key.replace(from ?? '', to ?? ''), held);
        expect((await look(objects)).passed).toBe(false);
      }
    });

    it('is whole for any subset of faults exactly when there is none', async () => {
      const whole = buildSnapshot(how);
      const remembered = await remember(whole.objects);
      const contents = whole.keys.filter((key) => !key.includes('__info_'));
      const fault = fc.record({ key: fc.constantFrom(...contents), how: fc.constantFrom('gone', 'cut', 'replaced') });
      await fc.assert(
        fc.asyncProperty(fc.array(fault, { maxLength: 4 }), async (faults) => {
          const objects = new Map(whole.objects);
          for (const { key, how: what } of faults) {
            const content = objects.get(key)?.content;
            if (what === 'gone' || content === undefined) objects.delete(key);
            else objects.set(key, { content: what === 'cut' ? content.slice(1) : `${content}!` });
          }
          expect((await look(objects, { remembered })).passed).toBe(faults.length === 0);
        }),
        { numRuns: 60 },
      );
    });
  },
);

describe('a snapshot whose manifest names no files', () => {
  it('says on the first look what cannot be seen, and compares from then on', async () => {
    const { objects } = buildSnapshot();
    expect((await look(objects)).message).toMatch(/names no files, so a loss before this first look would not show/);
    const remembered = await remember(objects);
    expect((await look(objects, { remembered })).message).toMatch(/Compared with what was there 2026-11-27 10:00 UTC/);
  });

  it('cannot say whether something is missing where there is more than was remembered', async () => {
    const { objects } = buildSnapshot();
    const remembered = await remember(objects);
    const dir = '__ss_sales_1/__ss_content/__db_1/__tbl_10/__part_20/__idx_11/__101';
    objects.set(`${dir}/0200_9.dat.${md5('new')}`, { content: 'new' });
    const { passed, message } = await look(objects, { remembered });
    expect(passed).toBeNull();
    expect(message).toMatch(
      /parted, partition p1: 7 objects, and 6 objects of together \d+ bytes when it was first verified/,
    );
  });
});

describe('a snapshot whose manifest names files', () => {
  it('names what is missing, the first few, and counts the rest', async () => {
    const { objects } = buildSnapshot({ namesFiles: true });
    for (const key of [...objects.keys()]) if (/__10[1-4]\/0200/.test(key)) objects.delete(key);
    const { message } = await look(objects);
    expect(message).toMatch(/parted, partition p1: 0200_0\.dat\.[0-9a-f]{32} of tablet 101 is missing; /);
    expect(message).toMatch(/and 3 more/);
  });

  it('is whole where a tablet has more objects than the manifest names', async () => {
    const { objects } = buildSnapshot({ namesFiles: true });
    const dir = '__ss_sales_1/__ss_content/__db_1/__tbl_10/__part_20/__idx_11/__101';
    objects.set(`${dir}/0199_0.dat.${md5('left')}`, { content: 'left' });
    expect(await look(objects)).toMatchObject({ passed: true, found: { extras: 1, objects: 17 } });
  });
});

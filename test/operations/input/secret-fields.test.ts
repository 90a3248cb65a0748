import { expect, it } from 'vitest';
import { z } from 'zod';
import { secretText } from '../../../src/operations/input/fields.ts';
import { inputFields } from '../../../src/operations/input/read-fields.ts';
import { replaceSecrets } from '../../../src/operations/input/secret-fields.ts';

const about = { description: 'A thing.' };
const fields = inputFields(
  'Do',
  z.object({
    name: z.string().meta(about),
    password: secretText.optional().meta(about),
    logins: z.array(z.object({ user: z.string().meta(about), key: secretText.default('env:KEY') })).meta(about),
    place: z.object({ token: secretText.optional().meta({ ...about, secret: true }) }).meta(about),
  }),
);

it('replaces every secret, however deep, and says where it stood', () => {
  const seen: string[] = [];
  const replaced = replaceSecrets(
    fields,
    { name: 'a', password: 'b', logins: [{ user: 'c', key: 'd' }], place: { token: 'e' }, unknown: 'f' },
    (value, path) => {
      seen.push(`${path.join('.')}=${value}`);
      return '*';
    },
  );
  expect(replaced).toEqual({
    name: 'a',
    password: '*',
    logins: [{ user: 'c', key: '*' }],
    place: { token: '*' },
    unknown: 'f',
  });
  expect(seen).toEqual(['password=b', 'logins.0.key=d', 'place.token=e']);
});

it('leaves out what was left out', () => {
  expect(replaceSecrets(fields, { name: 'a' }, () => '*')).toEqual({ name: 'a' });
});

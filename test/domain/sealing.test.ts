import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { seal, sealingKey, unseal } from '../../src/domain/sealing.ts';

const newKey = () => sealingKey(randomBytes(32).toString('base64'));

describe('sealing', () => {
  it('opens what it sealed, and no two seals of one text are alike', () => {
    const keys = [newKey()];
    const [a, b] = [seal('pässword', keys, 'sec_1'), seal('pässword', keys, 'sec_1')];
    expect(unseal(a, keys, 'sec_1')).toBe('pässword');
    expect(a.text).not.toBe(b.text);
    expect(Buffer.from(a.text, 'base64').toString('latin1')).not.toContain('ssword');
  });

  it('opens with an old key after a rotation, and seals with the new one', () => {
    const old = newKey();
    const sealed = seal('x', [old], 'sec_1');
    const rotated = [newKey(), old];
    expect(unseal(sealed, rotated, 'sec_1')).toBe('x');
    expect(seal('y', rotated, 'sec_2').keyId).toBe(rotated[0]?.id);
  });

  it('refuses a text that was moved to another row, changed, or sealed with an unknown key', () => {
    const keys = [newKey()];
    const sealed = seal('x', keys, 'sec_1');
    const bytes = Buffer.from(sealed.text, 'base64');
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    for (const attempt of [
      () => unseal(sealed, keys, 'sec_2'),
      () => unseal({ ...sealed, text: bytes.toString('base64') }, keys, 'sec_1'),
      () => unseal(sealed, [newKey()], 'sec_1'),
    ]) {
      expect(attempt).toThrow(expect.objectContaining({ code: 'CREDENTIAL_MISSING' }));
    }
  });

  it('refuses a key of another length', () => {
    expect(() => sealingKey(randomBytes(31).toString('base64'))).toThrow(
      'A secret key has 32 bytes in base64; this one has 31',
    );
  });
});

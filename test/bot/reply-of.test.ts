import { expect, it } from 'vitest';
import { replyOf } from '../../src/bot/messages/content.ts';

const made = new Date('2026-11-28T11:46:20Z');
const before = new Date('2026-11-28T11:46:15Z');

it('an alert that was hidden from its first moment on says in its thread by what and for how long, without telling the channel twice', () => {
  expect(replyOf({ type: 'UNMUTED', at: before }, made)).toBe('THREAD');
});

it('one that the channel had seen before is told to it again', () => {
  expect(replyOf({ type: 'UNMUTED', at: made }, made)).toBe('CHANNEL');
  expect(replyOf({ type: 'UNMUTED', at: before }, undefined)).toBe('CHANNEL');
});

it.each([
  ['OPENED', 'NONE'],
  ['REOPENED', 'NONE'],
  ['SEVERITY_ROSE', 'NONE'],
  ['CALLED', 'THREAD'],
  ['NOTED', 'THREAD'],
] as const)('%s before there was a message: %s', (type, reply) => {
  expect(replyOf({ type, at: before }, made)).toBe(reply);
});

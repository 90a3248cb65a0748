import { type AlertEvent as AlertEventRow, type Alert as AlertRow, alertWord, titleToShow } from '../domain/alert.ts';
import { deliveryNow } from '../domain/delivery/alert-delivery.ts';
import { windowIdOf } from '../domain/hiding-windows.ts';
import { AppError } from '../errors.ts';
import { escalationsOf } from './Escalation.ts';
import type { RequestContext } from './request-context.ts';
import { whyOf } from './Why.ts';

const maxEvents = 200;

export const Alert = {
  why: whyOf,
  state: (alert: AlertRow) => alertWord(alert),
  title: (alert: AlertRow) => titleToShow(alert),
  cluster: (alert: AlertRow, _: unknown, { loaders }: RequestContext) => loaders.cluster.load(alert.clusterId),
  node: (alert: AlertRow, _: unknown, { loaders }: RequestContext) =>
    alert.nodeId === null ? null : loaders.node.load(alert.nodeId),
  acknowledgedBy: ({ handling }: AlertRow) =>
    handling.kind === 'ACKED' ? { id: handling.byId, name: handling.byName } : null,
  acknowledgedAt: ({ handling }: AlertRow) => (handling.kind === 'ACKED' ? handling.at : null),
  acknowledgedUntil: ({ handling }: AlertRow) => (handling.kind === 'ACKED' ? handling.until : null),
  inhibitedBy: ({ mute }: AlertRow) => (mute.kind === 'INHIBITED' ? mute.by : null),
  silencedBy: ({ mute }: AlertRow) => (mute.kind === 'SILENCED' ? mute.by : null),
  maintenanceWindow: ({ mute }: AlertRow, _: unknown, { loaders }: RequestContext) => {
    const id = windowIdOf(mute);
    return id === null ? null : loaders.maintenanceWindow.load(id);
  },
  hiddenBecause: ({ mute }: AlertRow) => (mute.kind === 'NONE' ? null : mute.because),
  switchedOffBecause: ({ switchedOff }: AlertRow) => switchedOff ?? null,
  isFlapping: ({ flapping }: AlertRow) => flapping !== null,
  delivery: async (alert: AlertRow, _: unknown, { loaders }: RequestContext) =>
    deliveryNow(alert, await loaders.deliveryOfAlert.load(alert.id)),
  escalations: escalationsOf,
  events: (alert: AlertRow, { first }: { first?: number | null }, { loaders }: RequestContext) => {
    const limit = first ?? 50;
    if (limit < 1 || limit > maxEvents)
      throw new AppError('BAD_USER_INPUT', `first is 1 to ${maxEvents}`, { path: ['first'] });
    return loaders.eventsOfAlert({ limit }).load(alert.id);
  },
};

export const AlertEvent = {
  actor: ({ actorId, actorName }: AlertEventRow) =>
    actorId === null ? null : { id: actorId, name: actorName ?? actorId },
};

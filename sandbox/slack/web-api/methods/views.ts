import { checkView } from '../../blocks/views.ts';
import { SlackError } from '../../slack-error.ts';
import type { View } from '../../workspace/types.ts';
import { closeStack, openView as open, replaceView, topView, viewJson } from '../../workspace/views.ts';
import type { Arguments } from '../arguments.ts';
import type { Method, MethodCall } from '../method.ts';

const opening = { trigger_id: 'text', interactivity_pointer: 'text', view: 'object' } as const;

export const openView: Method = {
  name: 'views.open',
  tier: 'tier4',
  args: opening,
  required: ['trigger_id', 'view'],
  run(args, { core }) {
    const body = modalOf(args, { core });
    const user = core.triggers.redeem(args.text('trigger_id') ?? '');
    refuseSameExternalId({ core }, body.external_id, null);
    closeStack(core, user);
    return { view: viewJson(core, open(core, { user, body, previous: null })) };
  },
};

export const pushView: Method = {
  name: 'views.push',
  tier: 'tier4',
  args: opening,
  required: ['trigger_id', 'view'],
  run(args, { core }) {
    const body = modalOf(args, { core });
    const user = core.triggers.redeem(args.text('trigger_id') ?? '');
    refuseSameExternalId({ core }, body.external_id, null);
    const previous = topView(core, user);
    if (previous === null) throw new SlackError('not_found');
    return { view: viewJson(core, open(core, { user, body, previous })) };
  },
};

export const updateView: Method = {
  name: 'views.update',
  tier: 'tier4',
  args: { view_id: 'text', external_id: 'text', hash: 'text', view: 'object' },
  required: ['view'],
  run(args, { core }) {
    const view = namedView(args, { core });
    const body = modalOf(args, { core });
    refuseStaleHash(args, view);
    refuseSameExternalId({ core }, body.external_id, view.id);
    replaceView(core, view, body);
    return { view: viewJson(core, view) };
  },
};

export const publishView: Method = {
  name: 'views.publish',
  tier: 'tier4',
  args: { user_id: 'text', hash: 'text', view: 'object' },
  required: ['user_id', 'view'],
  run(args, { core }) {
    if (!core.settings.homeTab) throw new SlackError('not_enabled');
    const user = core.workspace.users.get(args.text('user_id') ?? '');
    if (user === undefined) throw new SlackError('invalid_arguments', ['user not found [json-pointer:/user_id]']);
    const body = args.object('view') ?? {};
    checkView(body, { type: 'home', settings: core.settings });
    const known = core.workspace.homes.get(user.id);
    if (known !== undefined) {
      refuseStaleHash(args, known);
      replaceView(core, known, body);
      return { view: viewJson(core, known) };
    }
    const view = open(core, { user: user.id, body, previous: null });
    core.workspace.homes.set(user.id, view);
    return { view: viewJson(core, view) };
  },
};

function modalOf(args: Arguments, { core }: Pick<MethodCall, 'core'>) {
  const body = args.object('view') ?? {};
  checkView(body, { type: 'modal', settings: core.settings });
  return body;
}

function namedView(args: Arguments, { core }: Pick<MethodCall, 'core'>): View {
  const id = args.text('view_id');
  const externalId = args.text('external_id');
  if ((id === null) === (externalId === null)) {
    throw new SlackError('invalid_arguments', ['exactly one of view_id and external_id is needed']);
  }
  const found = [...core.workspace.views.values()].find(
    (view) => view.isOpen && (id === null ? view.body.external_id === externalId : view.id === id),
  );
  if (found === undefined) throw new SlackError('not_found');
  return found;
}

function refuseStaleHash(args: Arguments, view: View): void {
  const hash = args.text('hash');
  if (hash !== null && hash !== view.hash) throw new SlackError('hash_conflict');
}

function refuseSameExternalId({ core }: Pick<MethodCall, 'core'>, externalId: unknown, ownId: string | null): void {
  if (externalId === undefined || externalId === '') return;
  const taken = [...core.workspace.views.values()].some(
    (view) => view.isOpen && view.id !== ownId && view.body.external_id === externalId,
  );
  if (taken) throw new SlackError('duplicate_external_id');
}

import { type Core, changed } from '../core.ts';
import { type JsonObject, objectsOf } from '../json.ts';
import { limits } from '../limits.ts';
import { SlackError } from '../slack-error.ts';
import { normalizeBlocks } from './normalize.ts';
import { initialState, stateKey } from './state.ts';
import type { View } from './types.ts';

/** A person's modals, root first. The home tab is not among them. */
export function viewStack(core: Core, user: string): View[] {
  return [...core.workspace.views.values()].filter(
    (view) => view.isOpen && view.user === user && view.body.type === 'modal',
  );
}

export function topView(core: Core, user: string): View | null {
  return viewStack(core, user).at(-1) ?? null;
}

export type NewView = { readonly user: string; readonly body: JsonObject; readonly previous: View | null };

export function openView(core: Core, { user, body, previous }: NewView): View {
  if (previous !== null && viewStack(core, user).length >= limits.viewStack) throw new SlackError('push_limit_reached');
  const id = core.ids.next('V');
  const view: View = {
    id,
    user,
    rootId: previous?.rootId ?? id,
    previousId: previous?.id ?? null,
    hash: newHash(core),
    body: normalized(core, body),
    isOpen: true,
  };
  core.workspace.views.set(id, view);
  core.states.set(stateKey(view, user), initialState(view.body));
  changed(core);
  return view;
}

/** Puts other contents into an open view. Elements that keep block_id and action_id keep what the person has entered. */
export function replaceView(core: Core, view: View, body: JsonObject): void {
  view.body = normalized(core, body);
  view.hash = newHash(core);
  const key = stateKey(view, view.user);
  const entered = core.states.get(key) ?? {};
  const fresh = initialState(view.body);
  for (const [block, actions] of Object.entries(fresh)) {
    for (const action of Object.keys(actions)) {
      const kept = entered[block]?.[action];
      if (kept !== undefined) actions[action] = kept;
    }
  }
  core.states.set(key, fresh);
  changed(core);
}

export function closeView(core: Core, view: View): void {
  view.isOpen = false;
  changed(core);
}

export function closeStack(core: Core, user: string): void {
  for (const view of viewStack(core, user)) closeView(core, view);
}

/** A view as payloads and answers write it. */
export function viewJson(core: Core, view: View): JsonObject {
  const { workspace } = core;
  return {
    id: view.id,
    team_id: workspace.team.id,
    private_metadata: '',
    callback_id: '',
    external_id: '',
    title: null,
    submit: null,
    close: null,
    clear_on_close: false,
    notify_on_close: false,
    ...view.body,
    hash: view.hash,
    root_view_id: view.rootId,
    previous_view_id: view.previousId,
    app_id: workspace.appId,
    app_installed_team_id: workspace.team.id,
    bot_id: workspace.botId,
    state: { values: core.states.get(stateKey(view, view.user)) ?? {} },
  };
}

function normalized(core: Core, body: JsonObject): JsonObject {
  return { ...body, blocks: normalizeBlocks(objectsOf(body.blocks), core.ids) };
}

function newHash(core: Core): string {
  return `${Math.floor(core.clock.now() / 1_000)}.${core.ids.secret('').slice(0, 8)}`;
}

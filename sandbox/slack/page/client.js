// @ts-nocheck runs in a browser; the project's compiler knows no DOM
const { as, channel } = document.body.dataset;
const find = (selector) => document.querySelector(selector);
let threadTs = null;

/** Lets the chosen person do something and shows what came of it. */
async function move(name, body) {
  const answer = await fetch(`/_ctl/person/${as}/${name}`, { method: 'POST', body: JSON.stringify(body) });
  const result = await answer.json();
  const words = result.error ?? (['ok', 'errors', 'not_sent'].includes(result.outcome) ? '' : result.text);
  if (words) toast(words);
  for (const [block, text] of Object.entries(result.errors ?? {})) {
    const place = find(`[data-error="${CSS.escape(block)}"]`);
    if (place) place.textContent = text;
  }
  if (result.opened) window.open(result.opened, '_blank', 'noreferrer');
  return result;
}

function toast(text) {
  find('#toast').textContent = text;
  setTimeout(() => {
    find('#toast').textContent = '';
  }, 4000);
}

/** Draws what has changed; a form in work is left alone until the app changes it. */
async function refresh() {
  const answer = await fetch(`/_page/screen?as=${as}&channel=${channel}`);
  const { screen, modal, modalKey } = await answer.json();
  const before = find('#messages');
  const atEnd = before.scrollHeight - before.scrollTop - before.clientHeight < 40;
  const kept = before.scrollTop;
  find('#screen').innerHTML = screen;
  find('#messages').scrollTop = atEnd ? find('#messages').scrollHeight : kept;
  if (find('#modal').dataset.key === modalKey) return;
  find('#modal').dataset.key = modalKey;
  find('#modal').innerHTML = modal;
  find('#modal input, #modal textarea')?.focus();
}

function targetOf(element) {
  const { ts, channel: place } = element.closest('[data-ts]')?.dataset ?? {};
  return ts ? { channel: place, ts } : { id: element.closest('[data-view]').dataset.view };
}

function entryOf(element) {
  const inner = [...element.querySelectorAll('input:checked')].map((each) => each.value);
  if (element.tagName === 'FIELDSET') return element.dataset.type === 'checkboxes' ? inner : (inner[0] ?? null);
  if (element.multiple) return [...element.selectedOptions].map((each) => each.value);
  return element.value === '' ? null : element.value;
}

document.addEventListener('click', async (event) => {
  const element = event.target.closest('button');
  if (!element) return;
  if (element.dataset.reply) {
    threadTs = element.dataset.reply;
    find('#thread').textContent = '↳ in thread';
    find('#composer input').focus();
  }
  if ('close' in element.dataset) await move('close', { view: { id: element.closest('[data-view]').dataset.view } });
  if (!element.dataset.action) return;
  if (element.dataset.confirm && !window.confirm(element.dataset.confirm)) return;
  element.disabled = true;
  const { action: actionId, block: blockId } = element.dataset;
  await move('click', { target: targetOf(element), actionId, options: { blockId } });
  element.disabled = false;
});

document.addEventListener('change', async (event) => {
  if (event.target.id === 'reader') location.search = `?as=${event.target.value}`;
  const element = event.target.closest('[data-action]');
  if (!element || element.dataset.input === '1' || element.tagName === 'BUTTON') return;
  const { action: actionId, block: blockId } = element.dataset;
  await move('select', { target: targetOf(element), actionId, value: entryOf(element), options: { blockId } });
});

document.addEventListener('focusin', async (event) => {
  const element = event.target.closest('[data-type$="external_select"]');
  if (!element || element.dataset.filled) return;
  element.dataset.filled = '1';
  const found = await move('suggestions', { target: targetOf(element), actionId: element.dataset.action });
  for (const { text, value } of found) element.append(new Option(text, value));
});

document.addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target;
  if (form.id === 'composer') {
    const text = form.text.value.trim();
    form.text.value = '';
    const thread = threadTs;
    threadTs = null;
    find('#thread').textContent = '';
    if (text.startsWith('/')) return move('slash', { line: text, channel });
    return text && move('say', { text, channel, ...(thread ? { thread } : {}) });
  }
  for (const place of form.querySelectorAll('output')) place.textContent = '';
  const entries = {};
  for (const element of form.querySelectorAll('[data-input="1"]')) {
    entries[`${element.dataset.block}.${element.dataset.action}`] = entryOf(element);
  }
  await move('submit', { view: { id: form.dataset.view }, entries });
});

let waiting = null;
new EventSource('/_page/changes').onmessage = () => {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 60);
};
find('#messages').scrollTop = find('#messages').scrollHeight;
if (channel === 'home') move('home', {});

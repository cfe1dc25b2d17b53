// The little of the Chrome DevTools Protocol that the rig needs, over a pipe (descriptors 3 and 4) that no other user can reach.
import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';

/** Starts a browser: {process, events, send}. `events` emits protocol events by name, and `closed` with the reason at the end. */
export function launchBrowser(executable, args, env) {
  const child = spawn(executable, ['--remote-debugging-pipe', ...args], {
    env,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
  });
  const [, , , toBrowser, fromBrowser] = child.stdio;
  const events = new EventEmitter().setMaxListeners(0);
  const waiting = new Map();
  let lastId = 0;
  let said = '';
  const end = (reason) => {
    for (const { reject } of waiting.values()) reject(new Error(reason));
    waiting.clear();
    events.emit('closed', reason);
  };
  child.stderr.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-4000)));
  child.on('error', (error) => end(`cannot start ${executable}: ${error.message}`));
  child.on('exit', (code, signal) => end(`the browser ended (${code ?? signal})\n${said}`));
  for (const stream of [toBrowser, fromBrowser]) stream.on('error', () => {});
  readMessages(fromBrowser, (message) => settle(message, waiting, events));
  const send = (method, params = {}, sessionId = undefined) =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      waiting.set(id, { resolve, reject, method });
      toBrowser.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  return { process: child, events, send };
}

function readMessages(stream, onMessage) {
  let parts = [];
  stream.on('data', (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(0); end >= 0; end = chunk.indexOf(0, start)) {
      parts.push(chunk.subarray(start, end));
      onMessage(JSON.parse(Buffer.concat(parts).toString('utf8')));
      parts = [];
      start = end + 1;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  });
}

function settle(message, waiting, events) {
  if (message.id === undefined) return events.emit(message.method, message.params, message.sessionId);
  const request = waiting.get(message.id);
  waiting.delete(message.id);
  if (message.error) request?.reject(new Error(`${request.method}: ${message.error.message}`));
  else request?.resolve(message.result);
}

/** Opens an address in a fresh page whose window has the given functions; resolves to a way to call the page's protocol methods. */
export async function openPage(browser, url, functions) {
  const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: true });
  const call = (method, params) => browser.send(method, params, sessionId);
  for (const method of ['Page.enable', 'Runtime.enable', 'Inspector.enable']) await call(method);
  for (const name of Object.keys(functions)) await call('Runtime.addBinding', { name: `__rig_${name}` });
  await call('Page.addScriptToEvaluateOnNewDocument', {
    source: Object.keys(functions).map(bridge).join(''),
  });
  browser.events.on('Runtime.bindingCalled', ({ name, payload }, session) => {
    if (session === sessionId) functions[name.slice('__rig_'.length)]?.(...JSON.parse(payload));
  });
  await call('Page.navigate', { url });
  return call;
}

const bridge = (name) =>
  `window[${JSON.stringify(name)}]=(...a)=>{let s;try{s=JSON.stringify(a)}catch(e){s=JSON.stringify([String(e)])}window["__rig_${name}"](s)};`;

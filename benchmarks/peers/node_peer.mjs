// Node's two: `mpns` (it makes the toast itself, and shows no header that carries the id) and `undici` (HTTP alone).
// node node_peer.mjs --library mpns|undici --modules FOLDER --url … --sends … --warmup … --concurrency … --uris …
//      [--rate SENDS_A_SECOND --latencies FILE]   (see pacing.py)

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const toast = JSON.parse(readFileSync(new URL('toast.json', import.meta.url), 'utf8'));
const names = ['library', 'modules', 'url', 'sends', 'warmup', 'concurrency', 'uris', 'ca', 'rate', 'latencies'];
const { values: given } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) });
const [sends, warmup, concurrency, uris] = ['sends', 'warmup', 'concurrency', 'uris'].map((name) => Number(given[name]));
const require = createRequire(resolve(given.modules, 'package.json'));
const ids = Array.from({ length: uris }, (_, number) => String(number).padStart(7, '0'));
const text2 = (number) => toast.text2_prefix + String(number % 100000).padStart(5, '0');
const counts = { errors: 0, checked: 0, wrong: 0 };

// Each way to send takes (id of the channel, number of the send); it gives the id that came back, '' where it can't be
// seen, and null for a refusal.

function sendByMpns() {
  const mpns = require('mpns');
  return (id, number) =>
    new Promise((settle) => {
      mpns.sendToast(given.url + toast.target_prefix + id, { text1: toast.text1, text2: text2(number) }, (error, result) =>
        settle(!error && result.statusCode === 200 && result.notificationStatus === 'Received' ? '' : null));
    });
}

function sendByUndici() {
  const { Pool } = require('undici');
  const connect = given.ca ? { ca: readFileSync(given.ca) } : {};
  const pool = new Pool(given.url, { connections: concurrency, pipelining: 1, connect });
  const wrapped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const body =
    '<?xml version="1.0" encoding="utf-8"?><wp:Notification xmlns:wp="WPNotification"><wp:Toast><wp:Text1>' +
    `${wrapped(toast.text1)}</wp:Text1><wp:Text2>${wrapped(text2(0))}</wp:Text2></wp:Toast></wp:Notification>`;
  return async (id) => {
    const answer = await pool.request({ path: toast.target_prefix + id, method: 'POST', headers: toast.headers, body });
    await answer.body.dump();
    return answer.statusCode === 200 ? answer.headers['x-stub-id'] : null;
  };
}

// Holds each send back until its time. It asks the clock in every turn of the loop: Node's timers know milliseconds only.
function makePacer(rate) {
  const interval = rate > 0 ? 1000 / rate : 0;
  const start = performance.now() + 1;
  const latencies = new BigUint64Array(sends);
  const waiters = [];
  const intended = (place) => start + place * interval;
  function look() {
    const now = performance.now();
    while (waiters.length > 0 && waiters[0].at <= now) waiters.shift().settle();
    if (waiters.length > 0) setImmediate(look);
  }
  function wait(place) {
    const at = intended(place);
    if (performance.now() >= at) return undefined;
    return new Promise((settle) => {
      if (waiters.push({ at, settle }) === 1) setImmediate(look);
    });
  }
  const note = (place) => {
    latencies[place] = BigInt(Math.max(0, Math.round((performance.now() - intended(place)) * 1e6)));
  };
  return { wait, note, latencies };
}

async function run(send, first, end, pacer) {
  let next = first;
  async function lane() {
    while (next < end) {
      const number = next++;
      const id = ids[number % uris];
      if (pacer) await pacer.wait(number - first);
      const echoed = await send(id, number).catch(() => null);
      if (pacer) pacer.note(number - first);
      if (echoed === null) counts.errors++;
      else if (echoed !== '') {
        counts.checked++;
        if (echoed !== id) counts.wrong++;
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane));
}

const send = given.library === 'mpns' ? sendByMpns() : sendByUndici();
await run(send, 0, warmup);
const pacer = given.rate === undefined ? undefined : makePacer(Number(given.rate));
const cpu = process.cpuUsage();
const started = process.hrtime.bigint();
await run(send, warmup, warmup + sends, pacer);
const wall = Number(process.hrtime.bigint() - started) / 1e9;
const used = process.cpuUsage(cpu);
if (pacer && given.latencies) writeFileSync(given.latencies, pacer.latencies);
const peak = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'));
const library = JSON.parse(readFileSync(join(given.modules, 'node_modules', given.library, 'package.json'), 'utf8'));
process.stdout.write(
  JSON.stringify({
    sends,
    warmup,
    errors: counts.errors,
    wall_seconds: wall,
    cpu_seconds: (used.user + used.system) / 1e6,
    peak_kib: Number(peak[1]),
    ids_checked: counts.checked,
    ids_wrong: counts.wrong,
    versions: { [given.library]: library.version, node: process.versions.node },
  }) + '\n',
);
process.exit(0);

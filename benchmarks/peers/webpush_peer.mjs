// Node's `web-push`: one call for each send, as many at a time as there are connections.
// node webpush_peer.mjs --modules FOLDER --url … --sends … --warmup … --concurrency … --subscriptions FILE --key SCALAR --public KEY

import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const names = ['modules', 'url', 'sends', 'warmup', 'concurrency', 'subscriptions', 'key', 'public', 'ca'];
const { values: given } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) });
const [sends, warmup, concurrency] = ['sends', 'warmup', 'concurrency'].map((name) => Number(given[name]));
const webpush = createRequire(resolve(given.modules, 'package.json'))('web-push');
const subscriptions = readFileSync(given.subscriptions, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const agent = new Agent({ keepAlive: true, maxSockets: concurrency, ca: readFileSync(given.ca) });
const payload = JSON.stringify({ title: 'Hello', body: 'World '.repeat(10) });
const vapidDetails = { subject: 'mailto:ops@example.com', publicKey: given.public, privateKey: given.key };
let errors = 0;

async function run(number) {
  let next = 0;
  async function lane() {
    while (next < number) {
      const subscription = subscriptions[next++ % subscriptions.length];
      const options = { vapidDetails, TTL: 60, contentEncoding: 'aes128gcm', agent };
      await webpush.sendNotification(subscription, payload, options).catch(() => errors++);
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane));
}

await run(warmup);
const cpu = process.cpuUsage();
const started = process.hrtime.bigint();
errors = 0;
await run(sends);
const used = process.cpuUsage(cpu);
const library = JSON.parse(readFileSync(join(given.modules, 'node_modules', 'web-push', 'package.json'), 'utf8'));
process.stdout.write(
  JSON.stringify({
    sends,
    errors,
    wall_seconds: Number(process.hrtime.bigint() - started) / 1e9,
    cpu_seconds: (used.user + used.system) / 1e6,
    versions: { 'web-push': library.version, node: process.versions.node },
  }) + '\n',
);
process.exit(0);

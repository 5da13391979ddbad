// What the scripts of npm's peers share: a job comes on standard input, its steps run one after the other, and what the
// peer made of each is printed as JSON: {"step": {"sent": …}}, {"failed": …} or {"threw": "…"}.
'use strict';

const fs = require('fs');
const https = require('https');

const job = JSON.parse(fs.readFileSync(0, 'utf8'));
const OF_MICROSOFT = /(^|\.)(login\.live\.com|notify\.windows\.com)$/;

// The peers know Microsoft's hosts and port 443 only. A request stays as the peer made it, with its Host; only the
// connection leads to the emulator.
const connect = https.Agent.prototype.createConnection;
https.Agent.prototype.createConnection = function (options, ...rest) {
  const led = OF_MICROSOFT.test(options.host)
    ? { ...options, host: '127.0.0.1', port: job.tls_port, servername: 'localhost' }
    : options;
  return connect.call(this, led, ...rest);
};

// An Error's message isn't its own property for JSON.
const plain = (value) => (value instanceof Error ? { message: value.message, ...value } : value);

// The end of a send whose callback gets (error, result).
const called = (send) =>
  new Promise((resolve) => {
    send((error, result) => resolve(error ? { failed: plain(error) } : { sent: plain(result) }));
  });

// The end of a send that returns a promise.
const awaited = (promise) =>
  promise.then((result) => ({ sent: plain(result) }), (error) => ({ failed: plain(error) }));

async function run(steps) {
  const ends = {};
  for (const [name, step] of Object.entries(steps)) {
    try {
      ends[name] = await step(job.channels[name]);
    } catch (error) {
      ends[name] = { threw: error.message };
    }
  }
  process.stdout.write(JSON.stringify(ends));
}

module.exports = { awaited, called, job, run };

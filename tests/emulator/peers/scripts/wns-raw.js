// The two ways in which npm's wns sends a raw notification.
'use strict';

const wns = require('wns');
const { called, job, run } = require('./steps');

const options = () => ({ client_id: job.client_id, client_secret: job.client_secret });

run({
  sendRaw: (uri) => called((done) => wns.sendRaw(uri, 'text', options(), done)),
  send: (uri) => called((done) => wns.send(uri, 'text', 'wns/raw', options(), done)),
});

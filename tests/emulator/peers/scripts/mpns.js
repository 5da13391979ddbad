// What the README of npm's mpns sends, and what it is known to get wrong.
'use strict';

const fs = require('fs');
const mpns = require('mpns');
const { called, job, run } = require('./steps');

run({
  toast: (uri) => called((done) => mpns.sendToast(uri, 'Bold Text', 'This is normal text', done)),
  toast_param: (uri) =>
    called((done) => mpns.sendToast(uri, { text1: 'Bold', text2: "It's & <more>", param: '/P.xaml?a=1&b=2' }, done)),
  tile: (uri) =>
    called((done) => mpns.sendTile(uri, { backgroundImage: 'red.jpg', title: 'Title', count: 5, backTitle: 'Back' }, done)),
  tile_cleared: (uri) => called((done) => mpns.sendTile(uri, { count: null }, done)),
  tile_zero: async (uri) => {
    await called((done) => mpns.sendTile(uri, { title: 'Mail', count: 5 }, done));
    return called((done) => mpns.sendTile(uri, { title: 'Mail', count: 0 }, done));
  },
  flip: (uri) =>
    called((done) => mpns.sendFlipTile(uri, { title: 'Flip', backTitle: 'Back', wideBackContent: 'Wide' }, done)),
  iconic: (uri) =>
    called((done) => mpns.sendIconicTile(uri, { title: 'Iconic', count: 3, backgroundColor: '#FF00FF00' }, done)),
  raw: (uri) => called((done) => mpns.sendRaw(uri, { payload: 'My Raw Payload' }, done)),
  authenticated: (uri) => {
    const tls = { cert: fs.readFileSync(job.certificate), key: fs.readFileSync(job.key), ca: fs.readFileSync(job.ca) };
    return called((done) => mpns.sendToast(uri, { text1: 'Hello!', text2: 'Great to see you today.', ...tls }, done));
  },
  control_character: (uri) => called((done) => mpns.sendToast(uri, 'a\u0001b', 'text', done)),
  suppressed: (uri) => called((done) => mpns.sendToast(uri, 'Bold Text', 'This is normal text', done)),
});

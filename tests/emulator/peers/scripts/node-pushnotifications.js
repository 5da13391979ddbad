// What the README of npm's node-pushnotifications sends to Windows devices.
'use strict';

const PushNotifications = require('node-pushnotifications');
const { awaited, job, run } = require('./steps');

const message = {
  title: 'New push notification',
  body: 'Powered by AppFeel',
  custom: { sender: 'AppFeel' },
  headers: [],
  launch: '',
  duration: '',
};

function send(method, channels, data) {
  const wns = { client_id: job.client_id, client_secret: job.client_secret, notificationMethod: method };
  return awaited(new PushNotifications({ wns }).send(channels, data));
}

run({
  tile: (uri) => send('sendTileSquareBlock', [{ id: uri, type: 'wns' }], message),
  tile_of_wns: (uri) => send('sendTileSquareBlock', [uri], { ...message, text1: '7', text2: 'new' }),
  toast: (uri) => send('sendToastText01', [uri], message),
  badge: (uri) => send('sendBadge', [uri], message),
  raw: (uri) => send('sendRaw', [uri], message),
});

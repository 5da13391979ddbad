// What the README of npm's web-push sends, to a browser's subscription and to an app's channel.
'use strict';

const crypto = require('crypto');
const webpush = require('web-push');
const { awaited, run } = require('./steps');

const keys = webpush.generateVAPIDKeys();
webpush.setVapidDetails('mailto:example@yourdomain.org', keys.publicKey, keys.privateKey);

function send(subscription, contentEncoding) {
  return awaited(webpush.sendNotification(subscription, 'Your Push Payload Text', { contentEncoding }));
}

function sendToApp(endpoint) {
  const browser = crypto.createECDH('prime256v1');
  const keys = { auth: crypto.randomBytes(16).toString('base64url'), p256dh: browser.generateKeys('base64url') };
  return send({ endpoint, keys }, 'aes128gcm');
}

run({
  browser: (subscription) => send(JSON.parse(subscription), 'aes128gcm'),
  browser_draft: (subscription) => send(JSON.parse(subscription), 'aesgcm'),
  app: sendToApp,
});

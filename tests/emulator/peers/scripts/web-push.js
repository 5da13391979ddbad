// What the README of npm's web-push sends, to a browser's channel and to an app's.
'use strict';

const crypto = require('crypto');
const webpush = require('web-push');
const { awaited, run } = require('./steps');

const keys = webpush.generateVAPIDKeys();
webpush.setVapidDetails('mailto:example@yourdomain.org', keys.publicKey, keys.privateKey);
const browser = crypto.createECDH('prime256v1');
browser.generateKeys();

function send(endpoint, contentEncoding) {
  const secret = crypto.randomBytes(16).toString('base64url');
  const subscription = { endpoint, keys: { auth: secret, p256dh: browser.getPublicKey('base64url') } };
  return awaited(webpush.sendNotification(subscription, 'Your Push Payload Text', { contentEncoding }));
}

run({
  browser: (uri) => send(uri.replace('/?', '/w/?'), 'aes128gcm'),
  browser_draft: (uri) => send(uri.replace('/?', '/w/?'), 'aesgcm'),
  app: (uri) => send(uri, 'aes128gcm'),
});

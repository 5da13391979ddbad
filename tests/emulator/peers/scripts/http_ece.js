// npm's http_ece on messages: [{"body", "key", "auth"}] of base64url to their payloads, and [{"payload", "p256dh",
// "auth"}] to bodies, both printed as JSON.
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const ece = require('http_ece');

const job = JSON.parse(fs.readFileSync(0, 'utf8'));
const bytes = (text) => Buffer.from(text, 'base64url');

function decrypt({ body, key, auth }) {
  const privateKey = crypto.createECDH('prime256v1');
  privateKey.setPrivateKey(bytes(key));
  return ece.decrypt(bytes(body), { version: 'aes128gcm', privateKey, authSecret: auth }).toString('base64url');
}

function encrypt({ payload, p256dh, auth }) {
  const privateKey = crypto.createECDH('prime256v1');
  privateKey.generateKeys();
  const options = { version: 'aes128gcm', privateKey, dh: p256dh, authSecret: auth };
  return ece.encrypt(bytes(payload), options).toString('base64url');
}

process.stdout.write(JSON.stringify({ payloads: job.decrypt.map(decrypt), bodies: job.encrypt.map(encrypt) }));

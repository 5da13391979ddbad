// What the README of npm's wns sends.
'use strict';

const wns = require('wns');
const { called, job, run } = require('./steps');

// New for each send: the library writes into the options that it gets.
const options = (more) => ({ client_id: job.client_id, client_secret: job.client_secret, ...more });
const dog = {
  image1src: 'http://foobar.com/dog.jpg',
  image1alt: 'A dog',
  text1: 'This is a dog',
  text2: 'The dog is nice',
  text3: 'The dog bites',
  text4: 'Beware of dog',
};

run({
  tile: (uri) => called((done) => wns.sendTileSquareBlock(uri, 'Yes!', 'It worked!', options(), done)),
  tile_image: (uri) => called((done) => wns.sendTileSquarePeekImageAndText01(uri, dog, options(), done)),
  tile_two_sizes: (uri) =>
    called((done) =>
      wns.sendTile(
        uri,
        { type: 'TileSquareText04', text1: 'Hello' },
        { type: 'TileWideText09', text1: 'Hello', text2: 'How are you?' },
        options(),
        done,
      ),
    ),
  tile_language: (uri) =>
    called((done) => wns.sendTileSquareText04(uri, { text1: 'Herzlich Willkommen', lang: 'de' }, options(), done)),
  toast: (uri) => called((done) => wns.sendToastText01(uri, { text1: 'Hello' }, options({ launch: 'id=1' }), done)),
  toast_sound: (uri) =>
    called((done) =>
      wns.sendToastText01(uri, 'Hello', options({ duration: 'long', audio: { src: 'Alarm', loop: true } }), done),
    ),
  badge: (uri) => called((done) => wns.sendBadge(uri, 'alert', options(), done)),
  badge_zero: (uri) => called((done) => wns.sendBadge(uri, 0, options(), done)),
  raw: (uri) => called((done) => wns.sendRaw(uri, JSON.stringify({ foo: 1, bar: 2 }), options(), done)),
  token_refused: (uri) =>
    called((done) => wns.sendBadge(uri, 'alert', options({ accessToken: 'not one of yours' }), done)),
  token_kept: async (uri) => {
    const first = await called((done) => wns.sendBadge(uri, 1, options(), done));
    return called((done) => wns.sendBadge(uri, 2, options({ accessToken: first.sent.newAccessToken }), done));
  },
});

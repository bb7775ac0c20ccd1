/** Starts the host (`HOST_BIN`, else `host`) as users do, and talks to it with the client library. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';

import { io } from 'socket.io-client';

let host;
let url;

before(async () => {
  const arguments_ = ['run', '.', '--listen', '127.0.0.1:0'];
  host = spawn(process.env.HOST_BIN ?? 'host', arguments_, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(host, 'exit').then(
    () => assert.fail('the host did not start'),
    (error) => assert.fail(`${error.message}: put \`host\` on the PATH, or its path into HOST_BIN`),
  );
  ended.catch(() => {});
  const [line] = await Promise.race([once(createInterface(host.stdout), 'line'), ended]);
  url = line.replace('listening on ', '');
});

after(() => host.kill());

test('clients add, and hear who shouts', async () => {
  const socket = io(`${url}/hello`, { auth: { name: 'Ada' } });
  assert.equal(await socket.emitWithAck('add', 1, 2), 3);
  const shouted = new Promise((heard) => socket.once('shouted', heard));
  socket.emit('shout', 'hi');
  assert.deepEqual(await shouted, { by: 'Ada', text: 'HI' });
  socket.close();
});

test('clients without a name are refused', async () => {
  const socket = io(`${url}/hello`);
  const error = await new Promise((refused) => socket.once('connect_error', refused));
  assert.equal(error.message, 'who are you?');
  socket.close();
});

// A client of WebSockets: a subprotocol, text, content that is compressed, fragments, binary
// messages, a ping, requests of JSON-RPC with new ids, and a close by each side.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { on, once } from 'node:events';
import WebSocket from 'ws';

const url = process.env.CANNERY_URL.replace('http', 'ws');
for (const perMessageDeflate of [true, false]) {
  const socket = new WebSocket(`${url}/talk?deflate=${perMessageDeflate}`, ['other', 'talk'], { perMessageDeflate });
  const messages = on(socket, 'message');
  const next = async () => {
    const [data, isBinary] = (await messages.next()).value;
    return isBinary ? data : data.toString();
  };
  await once(socket, 'open');
  assert.equal(socket.protocol, 'talk');
  assert.equal(await next(), 'welcome');
  for (const text of ['hello', 'x'.repeat(100_000), '']) {
    socket.send(text);
    assert.equal(await next(), text);
  }
  socket.send('frag', { fin: false });
  socket.send('ments');
  assert.equal(await next(), 'fragments');
  socket.send(Buffer.from([0, 255]));
  assert.deepEqual(await next(), Buffer.from([0, 255]));
  const pong = once(socket, 'pong');
  socket.ping('alive');
  assert.equal((await pong)[0].toString(), 'alive');
  for (const n of [1, 2]) {
    const id = randomUUID();
    socket.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'double', params: [n] }));
    assert.deepEqual(JSON.parse(await next()), { jsonrpc: '2.0', id, result: 2 * n });
  }
  const closed = once(socket, 'close');
  if (perMessageDeflate) socket.send('bye');
  else socket.close(1000, 'enough');
  const [code, reason] = await closed;
  assert.deepEqual([code, reason.toString()], perMessageDeflate ? [4001, 'so long'] : [1000, 'enough']);
}

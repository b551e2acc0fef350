// An origin of WebSockets: it welcomes, says again what it hears, doubles numbers by
// JSON-RPC, and closes on "bye". It prints its URL.
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({
  host: '127.0.0.1', port: 0, perMessageDeflate: { threshold: 100 }, handleProtocols: offered => offered.has('talk') && 'talk',
});
server.on('listening', () => console.log(`http://127.0.0.1:${server.address().port}`));
server.on('connection', socket => {
  socket.send('welcome');
  socket.on('message', (data, isBinary) => {
    const text = data.toString();
    if (text === 'bye') return socket.close(4001, 'so long');
    if (!text.startsWith('{')) return socket.send(data, { binary: isBinary });
    const { jsonrpc, id, params } = JSON.parse(text);
    socket.send(JSON.stringify({ jsonrpc, id, result: 2 * params[0] }));
  });
});

// A client of gRPC in JavaScript: a unary call, one that fails, a stream of each side and
// a conversation in turns, with compression and without.
import assert from 'node:assert/strict';
import grpc from '@grpc/grpc-js';

// Field 3 of a request and field 1 of an answer are a payload, whose field 2 is the text.
const field = (number, bytes) => Buffer.concat([Buffer.from([number << 3 | 2, bytes.length]), bytes]);
const request = number => text => field(number, field(2, Buffer.from(text)));
const answer = bytes => bytes.subarray(4).toString();
const method = (name, number, requestStream, responseStream) => ({
  path: `/grpc.testing.TestService/${name}`, requestStream, responseStream, requestSerialize: request(number), responseDeserialize: answer,
  requestDeserialize: answer, responseSerialize: request(1),
});
const Client = grpc.makeGenericClientConstructor({
  unary: method('UnaryCall', 3, false, false),
  down: method('StreamingOutputCall', 3, false, true),
  both: method('FullDuplexCall', 3, true, true),
  missing: method('UnimplementedCall', 3, false, false),
});
const ended = stream => new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject));

for (const options of [{}, { 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip }]) {
  const client = new Client(new URL(process.env.CANNERY_URL).host, grpc.credentials.createInsecure(), options);
  const deadline = () => ({ deadline: Date.now() + 30_000 });
  const unary = (name, text) => new Promise((resolve, reject) => client[name](text, new grpc.Metadata(), deadline(), (err, res) => err ? reject(err) : resolve(res)));
  assert.equal(await unary('unary', 'hello'), 'hello');
  await assert.rejects(unary('missing', ''), { code: grpc.status.UNIMPLEMENTED });

  const down = [];
  await ended(client.down('down', new grpc.Metadata(), deadline()).on('data', text => down.push(text)));
  assert.deepEqual(down, Array(5).fill('down'));

  const left = ['one', 'two', 'three'], both = [];
  const talk = client.both(new grpc.Metadata(), deadline());
  const next = () => left.length ? talk.write(left.shift()) : talk.end();
  talk.on('data', text => { both.push(text); next(); });
  next();
  await ended(talk);
  assert.deepEqual(both, ['one', 'two', 'three']);
  client.close();
}

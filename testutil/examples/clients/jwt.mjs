// A client that mints a JWT for each request.
import assert from 'node:assert/strict';
import { SignJWT } from 'jose';

const key = new TextEncoder().encode('a secret of at least thirty-two bytes');
async function ask(method, path) {
  const token = await new SignJWT({ scope: 'notes' }).setProtectedHeader({ alg: 'HS256' }).setSubject('ada').setIssuedAt().setExpirationTime('1m').setJti(crypto.randomUUID()).sign(key);
  const answer = await fetch(process.env.CANNERY_URL + path, { method, headers: { authorization: 'Bearer ' + token } });
  assert.deepEqual(await answer.json(), { sub: 'ada', method, path });
}
for (const path of ['/me', '/notes', '/notes/1']) await ask('GET', path);
await ask('POST', '/notes');
await ask('DELETE', '/notes/1');

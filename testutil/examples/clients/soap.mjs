// A client of a SOAP service: its WSDL, and calls with WS-Security, whose time,
// nonce and digest are new in each.
import assert from 'node:assert/strict';
import soap from 'soap';

const client = await soap.createClientAsync(process.env.CANNERY_URL + '/quote?wsdl');
client.setSecurity(new soap.WSSecurity('ada', 'correct horse', { passwordType: 'PasswordDigest', hasNonce: true }));
for (const symbol of ['A', 'BB', 'CCC']) {
  const [answer] = await client.AskAsync({ symbol });
  assert.equal(answer.price, String(100 + symbol.length));
}

// A client of OAuth 2 that signs an assertion for each grant: discovery, client
// credentials, a code with PKCE, refreshing, asking whose a token is.
import assert from 'node:assert/strict';
import * as oauth from 'openid-client';

const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
const assertion = oauth.PrivateKeyJwt({ key: privateKey, kid: '1' }, { [oauth.modifyAssertion]: (_, claims) => { claims.aud = 'https://issuer.test'; } });
const config = await oauth.discovery(new URL(process.env.CANNERY_URL), 'client-1', {}, assertion, { execute: [oauth.allowInsecureRequests] });
const granted = await oauth.clientCredentialsGrant(config, { scope: 'notes' });
assert.equal((await oauth.fetchUserInfo(config, granted.access_token, oauth.skipSubjectCheck)).name, 'Ada');
const pkceCodeVerifier = oauth.randomPKCECodeVerifier(), expectedState = oauth.randomState();
const to = oauth.buildAuthorizationUrl(config, {
  redirect_uri: 'http://app.test/back', scope: 'notes', state: expectedState, code_challenge_method: 'S256',
  code_challenge: await oauth.calculatePKCECodeChallenge(pkceCodeVerifier),
});
const back = new URL((await fetch(to, { redirect: 'manual' })).headers.get('location'));
// Replayed, the state is that of the recording.
const tokens = await oauth.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState: back.searchParams.get('state') });
assert.ok((await oauth.refreshTokenGrant(config, tokens.refresh_token)).access_token);
assert.ok((await oauth.tokenIntrospection(config, tokens.access_token)).active);
await oauth.tokenRevocation(config, tokens.access_token);

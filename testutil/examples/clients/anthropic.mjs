// A client of Anthropic: answers whole and streamed.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';

const anthropic = new Anthropic({ baseURL: process.env.CANNERY_URL, apiKey: 'sk-ant-api03-' + 'abcdefghijklmnopqrstuvwxyz0123456789', maxRetries: 2 });
const want = 'record once, replay for ever';
const ask = { model: 'claude-test', max_tokens: 64, messages: [{ role: 'user', content: 'What does a cannery do?' }] };
assert.equal((await anthropic.models.list()).data[0].id, 'claude-test');
assert.equal((await anthropic.messages.countTokens({ model: ask.model, messages: ask.messages })).input_tokens, 3);
assert.equal((await anthropic.messages.create(ask)).content[0].text, want);
assert.equal((await (await anthropic.messages.stream(ask)).finalMessage()).content[0].text, want);
let events = 0;
for await (const event of await anthropic.messages.create({ ...ask, stream: true, system: 'Be brief.' })) events += event.type !== 'ping';
assert.equal(events, 9);

// A client of OpenAI: answers whole and streamed, a file in multipart.
import assert from 'node:assert/strict';
import OpenAI, { toFile } from 'openai';

const openai = new OpenAI({ baseURL: process.env.CANNERY_URL + '/v1', apiKey: 'sk-proj-' + 'abcdefghijklmnopqrstT3BlbkFJabcdefghijklmnopqrst', maxRetries: 2 });
const model = 'gpt-test', want = 'record once, replay for ever';
const ask = { model, messages: [{ role: 'user', content: 'What does a cannery do?' }] };
assert.equal((await openai.models.list()).data[0].id, model);
assert.equal((await openai.chat.completions.create(ask)).choices[0].message.content, want);
let text = '';
for await (const chunk of await openai.chat.completions.create({ ...ask, stream: true })) text += chunk.choices[0].delta.content;
assert.equal(text, want);
assert.equal((await openai.responses.create({ model, input: 'What?' })).output_text, want);
text = '';
for await (const event of await openai.responses.create({ model, input: 'What?', stream: true })) text += event.delta ?? '';
assert.equal(text, want);
assert.deepEqual((await openai.embeddings.create({ model: 'embed-test', input: 'milk' })).data[0].embedding, [1, 2]);
const file = await openai.files.create({ file: await toFile(Buffer.from('{"a":1}\n'), 'a.jsonl'), purpose: 'batch' });
assert.equal(file.bytes, 8);

// A client of Elasticsearch, which compresses what it sends: bulk, searches.
import assert from 'node:assert/strict';
import { Client } from '@elastic/elasticsearch';

const elastic = new Client({ node: process.env.CANNERY_URL, compression: true, auth: { username: 'elastic', password: 'change' + 'me-9' } });
const index = 'notes';
assert.equal((await elastic.info()).version.number, '9.5.1');
await elastic.indices.create({ index, mappings: { properties: { text: { type: 'text' } } } });
const notes = Array.from({ length: 100 }, (_, n) => ({ text: `note ${n}` }));
assert.equal((await elastic.bulk({ operations: notes.flatMap((note, n) => [{ index: { _index: index, _id: String(n) } }, note]) })).items.length, 100);
const done = await elastic.helpers.bulk({ datasource: notes.slice(0, 3), onDocument: () => ({ index: { _index: index } }) });
assert.equal(done.successful, 3);
await elastic.indices.refresh({ index });
assert.equal((await elastic.search({ index, query: { match: { text: 'milk' } } })).hits.hits[0]._id, '1');
assert.equal((await elastic.search({ index, query: { match: { text: 'milk' } }, size: 5 })).hits.hits.length, 1);
assert.equal((await elastic.count({ index, query: { match_all: {} } })).count, 2);
assert.equal((await elastic.msearch({ searches: [{ index }, { query: { match_all: {} } }] })).responses.length, 1);
assert.equal((await elastic.get({ index, id: '1' }))._source.text, 'buy milk');
await elastic.indices.delete({ index });

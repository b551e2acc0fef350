// A client of a GraphQL API: queries, a mutation, an error.
import assert from 'node:assert/strict';
import { GraphQLClient, gql } from 'graphql-request';

const client = new GraphQLClient(process.env.CANNERY_URL + '/graphql', { headers: { authorization: 'Bearer 0123456789abcdef' } });
const note = gql`query Note($id: ID!) { note(id: $id) { id } }`;
assert.equal((await client.request(gql`query Notes { notes { id } }`)).notes.length, 2);
assert.equal((await client.request(note, { id: '1' })).note.id, '1');
assert.equal((await client.request(note, { id: '2' })).note.id, '2');
assert.equal((await client.request(gql`mutation AddNote($text: String!) { note: addNote(text: $text) { text } }`, { text: 'buy milk' })).note.text, 'buy milk');
await assert.rejects(client.request(gql`query Other { other }`), /unknown operation Other/);

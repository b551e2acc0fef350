// A client of GitHub: pages, a change, an error, a base64 file.
import assert from 'node:assert/strict';
import { Octokit } from '@octokit/rest';

const github = new Octokit({ baseUrl: process.env.CANNERY_URL, auth: 'ghp_' + '0123456789abcdefghijABCDEFGHIJ012345', log: { debug() {}, info() {}, warn() {}, error() {} } });
const repo = { owner: 'ada', repo: 'notes' };
assert.equal((await github.rest.users.getAuthenticated()).data.login, 'ada');
assert.equal((await github.rest.repos.get(repo)).data.full_name, 'ada/notes');
assert.equal((await github.paginate(github.rest.issues.listForRepo, { ...repo, per_page: 2 })).length, 6);
assert.equal((await github.rest.issues.get({ ...repo, issue_number: 3 })).data.number, 3);
assert.equal((await github.rest.issues.create({ ...repo, title: 'a title' })).data.number, 9);
assert.equal((await github.rest.issues.update({ ...repo, issue_number: 9, state: 'closed' })).data.number, 9);
const { data } = await github.rest.repos.getContent({ ...repo, path: 'README.md' });
assert.equal(Buffer.from(data.content, 'base64').toString(), '# read me\n');
assert.equal((await github.rest.search.issuesAndPullRequests({ q: 'milk repo:ada/notes' })).data.total_count, 1);
await assert.rejects(github.rest.gists.get({ gist_id: 'none' }), { status: 404 });

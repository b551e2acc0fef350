// The notes API, tested against recordings:
//
//     cannery run --offline --fixtures fixtures -- node --test javascript/notes.test.mjs

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

const password = 'correct horse battery staple'

// Notes is a client of the API: the code under test.
class Notes {
  constructor(url) {
    this.url = url
    this.headers = { 'Content-Type': 'application/json' }
  }

  async ask(method, path, body) {
    const answer = await fetch(this.url + path, { method, headers: this.headers, body: JSON.stringify(body) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text ? JSON.parse(text) : undefined
  }

  async login(user, password) {
    const { token } = await this.ask('POST', '/v1/login', { user, password })
    this.headers.Authorization = `Bearer ${token}`
  }

  create(text) { return this.ask('POST', '/v1/notes', { text }) }
  list() { return this.ask('GET', '/v1/notes') }
  delete(id) { return this.ask('DELETE', `/v1/notes/${id}`) }

  async wait(id) {
    for (;;) {
      const note = await this.ask('GET', `/v1/notes/${id}`)
      if (note.state === 'ready') return note
    }
  }
}

// notes returns a client in a session of the test's own.
async function notes(t) {
  const session = t.name.replaceAll(/[^A-Za-z0-9]/g, '-')
  const notes = new Notes(`${process.env.CANNERY_URL}/__cannery/session/${session}`)
  await notes.login('ada', password)
  return notes
}

describe('notes', { concurrency: true }, () => {
  test('a new note is in the list', async (t) => {
    const api = await notes(t)
    assert.deepEqual(await api.list(), [])
    const note = await api.create('buy milk')
    assert.deepEqual(await api.list(), [note])
  })

  test('a note becomes ready', async (t) => {
    const api = await notes(t)
    const note = await api.create('buy milk')
    assert.equal(note.state, 'pending')
    assert.equal((await api.wait(note.id)).state, 'ready')
  })

  for (let i = 0; i < 10; i++) {
    test(`a deleted note is gone, ${i}`, async (t) => {
      const api = await notes(t)
      const note = await api.create('buy milk')
      assert.equal((await api.list()).length, 1)
      await api.delete(note.id)
      assert.deepEqual(await api.list(), [])
    })
  }
})

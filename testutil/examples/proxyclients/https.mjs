// Node, Deno and Bun: the modules http and https, with the agent that there is and with
// one of the program's own.
import http from 'node:http'
import https from 'node:https'

function show(module, url, { body, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const request = module.request(url, options, (response) => {
      response.on('end', resolve).on('error', reject).pipe(process.stdout, { end: false })
    })
    request.on('error', reject).end(body)
  })
}

await show(https, 'https://api.example.test/https')
await show(https, 'https://api.example.test/https', { method: 'POST', body: '{"by": "https"}' })
await show(http, 'http://plain.example.test/https')
const agent = new https.Agent({ keepAlive: true })
await show(https, 'https://api.example.test/https/agent', { agent })
await show(https, 'https://api.example.test/https/agent/again', { agent })
agent.destroy()

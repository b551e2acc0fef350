// Node, Deno and Bun: fetch.
const show = async (...args) => process.stdout.write(await (await fetch(...args)).text())

await show('https://api.example.test/fetch')
await show('https://api.example.test/fetch', { method: 'POST', body: '{"by": "fetch"}' })
await show('http://plain.example.test/fetch')

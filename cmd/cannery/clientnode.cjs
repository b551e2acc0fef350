'use strict'
// cannery preloads this into Node and Bun. From 22.21 and 24.5 on Node reads the variables
// that name a proxy, for fetch and its own agents, not for those that programs make; before
// that it reads none. Here all agents, and fetch where it has to, open a tunnel through the
// proxy for each connection, to all hosts but those in NO_PROXY.

const http = require('http')
const https = require('https')
const net = require('net')
const tls = require('tls')

const setting = (name) => process.env[name.toLowerCase()] || process.env[name]
const proxies = { 'http:': parse(setting('HTTP_PROXY')), 'https:': parse(setting('HTTPS_PROXY')) }
const ports = { 'http:': 80, 'https:': 443 }
const direct = (setting('NO_PROXY') || '').split(/[\s,]+/).filter(Boolean).map(parseDirect)
const { request } = http // mocks put their own in its place

if ((proxies['http:'] || proxies['https:']) && !process.versions.deno) {
  patchAgent(http, 'http:')
  patchAgent(https, 'https:')
  if (!readsVariables()) patchFetch()
}

function readsVariables() {
  if (process.versions.bun) return true
  const [major, minor] = process.versions.node.split('.').map(Number)
  return process.env.NODE_USE_ENV_PROXY === '1' && (major >= 24 || (major === 22 && minor >= 21))
}

function parse(text) {
  try {
    const url = new URL(text)
    return url.protocol === 'http:' ? url : null
  } catch {
    return null
  }
}

// parseDirect returns a function that tells whether an entry of NO_PROXY is of a host.
function parseDirect(entry) {
  if (entry === '*') return () => true
  const [address, bits] = entry.split('/')
  if (bits && net.isIP(address)) {
    if (!net.BlockList) return () => false // before Node 15
    const range = new net.BlockList()
    range.addSubnet(address, Number(bits), net.isIPv6(address) ? 'ipv6' : 'ipv4')
    return (host) => net.isIP(host) !== 0 && range.check(host, net.isIPv6(host) ? 'ipv6' : 'ipv4')
  }
  const bare = unbracketed(entry.toLowerCase())
  if (net.isIP(bare)) return (host) => host === bare
  const [, name, port] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(bare)
  return (host, hostPort) => (host === name || host.endsWith('.' + name)) && (!port || Number(port) === hostPort)
}

function unbracketed(host) {
  return host.replace(/^\[(.*)\]$/, '$1')
}

// proxyFor returns the proxy for a host, null when it is to be asked itself: also when it
// is the proxy, which some clients have been told of and ask as they ask a server.
function proxyFor(protocol, host, port) {
  const proxy = proxies[protocol]
  const name = unbracketed(String(host).toLowerCase())
  if (!proxy || direct.some((is) => is(name, port))) return null
  return name === unbracketed(proxy.hostname) && port === Number(proxy.port || 80) ? null : proxy
}

// openTunnel calls back with a socket to a host that goes through the proxy.
function openTunnel(proxy, host, port, callback) {
  const name = unbracketed(host)
  const target = `${net.isIPv6(name) ? `[${name}]` : name}:${port}`
  const headers = { host: target, 'user-agent': `Node.js/${process.versions.node}` }
  if (proxy.username) {
    const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
    headers['proxy-authorization'] = `Basic ${Buffer.from(user).toString('base64')}`
  }
  const createConnection = () => net.connect(Number(proxy.port || 80), unbracketed(proxy.hostname))
  const connect = request({ method: 'CONNECT', path: target, headers, createConnection })
  connect.once('connect', (response, socket, head) => {
    if (response.statusCode !== 200) {
      socket.destroy()
      callback(new Error(`the proxy ${proxy.host} refused a tunnel to ${target}: ${response.statusCode} ${response.statusMessage}`))
      return
    }
    if (head.length > 0) socket.unshift(head)
    callback(null, socket)
  })
  connect.once('error', callback)
  connect.end()
}

// patchAgent changes how all agents of a module connect, those that programs make too.
function patchAgent(module, protocol) {
  const { prototype } = module.Agent
  const connectDirect = prototype.createConnection
  prototype.createConnection = function createConnection(options, callback) {
    const host = options.host || 'localhost'
    const port = Number(options.port || ports[protocol])
    const knows = (this.options && this.options.proxyEnv) || options.socketPath || options.path || options.socket
    const proxy = knows ? null : proxyFor(protocol, host, port)
    if (!proxy) return connectDirect.apply(this, arguments)
    openTunnel(proxy, host, port, (error, socket) => {
      if (error) callback(error)
      else callback(null, protocol === 'http:' ? socket : connectDirect.call(this, { ...options, socket }))
    })
  }
}

// patchFetch makes another agent of the kind that fetch uses. Node has no name for it, but
// keeps it where the package undici keeps its own.
function patchFetch() {
  const key = Symbol.for('undici.globalDispatcher.1')
  void globalThis.Response // has Node load what fetch is made of
  const Agent = globalThis[key] && globalThis[key].constructor
  if (typeof Agent === 'function') globalThis[key] = new Agent({ connect: connectForFetch })
}

function connectForFetch({ hostname, protocol, port, servername }, callback) {
  const host = unbracketed(hostname)
  const hostPort = Number(port || ports[protocol])
  const proxy = proxyFor(protocol, host, hostPort)
  if (proxy) {
    openTunnel(proxy, host, hostPort, (error, socket) => {
      if (error) callback(error)
      else if (protocol === 'http:') callback(null, socket)
      else secure({ socket })
    })
  } else if (protocol === 'http:') {
    whenReady(net.connect({ host, port: hostPort, noDelay: true }), 'connect', callback)
  } else {
    secure({ port: hostPort })
  }

  function secure(options) {
    const name = servername || (net.isIP(host) ? undefined : host)
    whenReady(tls.connect({ ...options, host, servername: name, ALPNProtocols: ['http/1.1'] }), 'secureConnect', callback)
  }
}

// whenReady calls back once, when a socket is ready or has failed.
function whenReady(socket, ready, callback) {
  const end = (error) => {
    socket.off('error', end).off(ready, end)
    callback(error || null, error ? null : socket)
  }
  socket.on('error', end).on(ready, end)
}

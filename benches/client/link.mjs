// A TCP proxy with the delay and the bandwidth of a link. Runs as a process of its own: `node link.mjs`, with its settings
// as JSON in the first argument. Prints its port.

import { connect, createServer } from 'node:net'

const { target, delayMs, sharedRate, connectionRate } = JSON.parse(process.argv[2])
/** Bytes that wait in one direction of a connection, as in the buffers of a socket. */
const MAX_WAITING = 1024 * 1024

/** When a link of `rate` bytes a second has sent so many bytes. */
class Link {
  #free = 0

  constructor(rate) {
    this.rate = rate
  }

  send(bytes) {
    this.#free = Math.max(performance.now(), this.#free) + (bytes / this.rate) * 1000
    return this.#free
  }
}

const shared = sharedRate && { up: new Link(sharedRate), down: new Link(sharedRate) }
const oneWayMs = delayMs / 2

/** Copies bytes from one socket to another, late and slowly. */
function copy(from, to, link, extraMs) {
  const waiting = []
  let [bytes, timer] = [0, undefined]
  let handshakeMs = extraMs
  const flush = () => {
    timer = undefined
    while (waiting.length > 0 && waiting[0].at <= performance.now()) {
      const { chunk } = waiting.shift()
      if (!chunk) return to.end()
      bytes -= chunk.length
      if (!to.destroyed) to.write(chunk)
    }
    if (bytes < MAX_WAITING) from.resume()
    if (waiting.length > 0) timer = setTimeout(flush, Math.max(1, waiting[0].at - performance.now()))
  }
  const add = (chunk) => {
    waiting.push({ chunk, at: (chunk ? link.send(chunk.length) : performance.now()) + oneWayMs + handshakeMs })
    handshakeMs = 0
    timer ??= setTimeout(flush, Math.max(1, waiting[0].at - performance.now()))
  }
  from.on('data', (chunk) => {
    bytes += chunk.length
    if (bytes >= MAX_WAITING) from.pause()
    add(chunk)
  })
  from.on('end', () => add())
  from.on('close', () => setTimeout(() => to.destroy(), 2 * delayMs + 1000))
  from.on('error', () => to.destroy())
}

const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  const upstream = connect({ ...target, allowHalfOpen: true, noDelay: true })
  const { up, down } = shared ?? { up: new Link(connectionRate), down: new Link(connectionRate) }
  // The handshake of TCP takes one round trip.
  copy(client, upstream, up, delayMs)
  copy(upstream, client, down, 0)
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
// The bench closes its end of standard input.
process.stdin.on('end', () => process.exit()).resume()

// The fake server in a process of its own, so that its memory is not counted: fork it with the setup as JSON.

import { FakeServer } from './server.mjs'

const server = await FakeServer.start(JSON.parse(process.argv[2] ?? '{}'))
process.on('message', () => process.send({ apiRequests: server.apiRequests, largestBatch: server.largestBatch }))
process.on('disconnect', () => process.exit())
process.send(server.url)

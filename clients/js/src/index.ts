// The core of the package.

export { createClient, type Client, type ClientOptions } from './client.js'
export type { Token } from './api.js'
export type { ConcurrencyLimits } from './concurrency.js'
export type { Env } from './env.js'
export { SluiceError, type ApiCode, type ClientCode, type Problem, type ProblemCode } from './problem.js'
export { fetchTransport, xhrTransport, type PutRequest, type PutResponse, type Transport } from './transport.js'
export type * from './types.js'

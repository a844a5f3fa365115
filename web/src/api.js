// Calls to the API with JSON and a bearer token. Errors have messages for the user.

import { describe } from '../../clients/js/src/messages.ts'

import { refusal } from './signin.js'

/** The current API address, user name and token. */
export const session = () => fetch('session.json', { cache: 'no-store' }).then((response) => response.json())

export class Api {
  constructor({ apiUrl, token }) {
    this.url = apiUrl
    this.token = token
  }

  /** Returns status and body, of error responses too. Throws if the sign-in is missing, wrong or expired, or without a response. */
  async request(path, options) {
    const usedToken = this.token
    let response = await this.#send(path, options)
    // The user may have signed in again in the meantime.
    if (!response && (await this.renew()) !== usedToken) response = await this.#send(path, options)
    if (!response) throw new Error((await refusal(this.url, this.token)) ?? 'The API did not respond. Try again in a moment.')
    return { status: response.status, ok: response.ok, body: await response.json().catch(() => ({})) }
  }

  /** Like `request`, but returns only the body and throws for an error response. */
  async requestBody(path, options) {
    const { ok, status, body } = await this.request(path, options)
    if (ok) return body
    throw new Error((body.code ? describe(body) : body.message) || `The API responded with status ${status}. Try again in a moment.`)
  }

  /** Reads the current token again and returns it. */
  async renew() {
    const { token } = await session().catch(() => this)
    this.token = token
    return token
  }

  async #send(path, { method = 'GET', body } = {}) {
    const headers = {}
    if (this.token) headers.authorization = `Bearer ${this.token}`
    if (body !== undefined) headers['content-type'] = 'application/json'
    const response = await fetch(`${this.url}${path}`, { method, headers, body: body && JSON.stringify(body) }).catch(() => undefined)
    return response?.status === 401 ? undefined : response
  }
}

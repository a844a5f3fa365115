// The API as this page sees it: JSON, a bearer token, and refusals as sentences.

import { refusal } from './signin.js'

/** Where the API is and who is signed in, as it stands now. */
export const session = () => fetch('session.json', { cache: 'no-store' }).then((answer) => answer.json())

export class Api {
  constructor({ apiUrl, token }) {
    this.url = apiUrl
    this.token = token
  }

  /** Answers with status and body; a refusal is an answer too, except one of the sign-in. */
  async ask(path, options) {
    const used = this.token
    let answer = await this.#send(path, options)
    // Somebody may have signed in again since.
    if (!answer && (await this.renew()) !== used) answer = await this.#send(path, options)
    if (!answer) throw new Error((await refusal(this.url, this.token)) ?? 'There was no answer. Try again in a moment.')
    return { status: answer.status, ok: answer.ok, body: await answer.json().catch(() => ({})) }
  }

  /** As `ask`, where only a good answer will do. */
  async need(path, options) {
    const { ok, status, body } = await this.ask(path, options)
    if (ok) return body
    throw new Error(body.message || `The server answered ${status}. Try again in a moment.`)
  }

  /** The token of whoever is signed in by now. */
  async renew() {
    const { token } = await session().catch(() => this)
    this.token = token
    return token
  }

  async #send(path, { method = 'GET', body } = {}) {
    const headers = {}
    if (this.token) headers.authorization = `Bearer ${this.token}`
    if (body !== undefined) headers['content-type'] = 'application/json'
    const answer = await fetch(`${this.url}${path}`, { method, headers, body: body && JSON.stringify(body) }).catch(() => undefined)
    return answer?.status === 401 ? undefined : answer
  }
}

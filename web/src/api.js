// The API as this page sees it: JSON, a bearer token, and refusals as sentences.

export class Api {
  constructor({ apiUrl, token }) {
    this.url = apiUrl
    this.token = token
  }

  /** Answers with status and body; a refusal is an answer too. */
  async ask(path, { method = 'GET', body } = {}) {
    const headers = {}
    if (this.token) headers.authorization = `Bearer ${this.token}`
    if (body !== undefined) headers['content-type'] = 'application/json'
    const answer = await fetch(`${this.url}${path}`, { method, headers, body: body && JSON.stringify(body) }).catch(() => {
      // A gateway that refuses a token may do so without CORS headers: to a page that is no answer at all.
      throw new Error('There was no answer. Check your connection; if it is fine, your sign-in has expired: sign in again, then retry.')
    })
    return { status: answer.status, ok: answer.ok, body: await answer.json().catch(() => ({})) }
  }

  /** As `ask`, where only a good answer will do. */
  async need(path, options) {
    const { ok, status, body } = await this.ask(path, options)
    if (ok) return body
    if (status === 401) throw new Error('Your sign-in is missing or has expired: sign in again, then retry.')
    throw new Error(body.message || `The server answered ${status}. Try again in a moment.`)
  }
}

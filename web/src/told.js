// Shows on a card that the application received the event of the upload, if a receiver writes webhooks.json beside the page:
// one JSON document a line, with the upload's `id` in it, in its `detail` or in its `data`.

const POLL_MS = 1_000
const POLLS = 120

export class Told {
  #waiting = new Map()
  #isPolling = false

  /** Waits for the event of a card's upload. */
  watch(card) {
    if (!card.record) return
    this.#waiting.set(card.record.id, card)
    if (!this.#isPolling) void this.#poll()
  }

  async #poll() {
    this.#isPolling = true
    for (let polls = 0; polls < POLLS && this.#waiting.size > 0; polls += 1) {
      const response = await fetch('webhooks.json', { cache: 'no-store' }).catch(() => undefined)
      if (!response?.ok) break
      for (const id of idsIn(await response.text())) {
        this.#waiting.get(id)?.showTold('Your application was told.')
        this.#waiting.delete(id)
      }
      if (this.#waiting.size > 0) await new Promise((done) => setTimeout(done, POLL_MS))
    }
    this.#isPolling = false
  }
}

function* idsIn(text) {
  for (const line of text.split('\n')) {
    try {
      const event = JSON.parse(line)
      yield event.id
      yield event.detail?.id
      yield event.data?.id
    } catch {
      // An empty line, or one that is still being written.
    }
  }
}

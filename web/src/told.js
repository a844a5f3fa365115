// Shows on a card that the application received the event of the upload. web/receiver.py writes webhooks.json beside the
// page: the newest deliveries, with the upload's `id` of those whose signature it verified.

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
      for (const { id } of await response.json()) {
        this.#waiting.get(id)?.showTold('Your application was told.')
        this.#waiting.delete(id)
      }
      if (this.#waiting.size > 0) await new Promise((done) => setTimeout(done, POLL_MS))
    }
    this.#isPolling = false
  }
}

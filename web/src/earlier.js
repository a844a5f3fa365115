// The uploads of earlier visits, from GET /uploads, with their deletion.

import { describe } from '../../clients/js/src/messages.ts'

import { facts, make } from './cards.js'
import { deleteButton, downloadLink, isPicture } from './content.js'

const PAGE_SIZE = 10
/** A thumbnail loads the whole picture. */
const MAX_THUMBNAIL_BYTES = 2_000_000

export class Earlier {
  #cursor
  #shown = new Set()

  /** `isOnCard` tells whether a card shows an upload id. */
  constructor({ client, list, section, more, problem, isOnCard, announce }) {
    Object.assign(this, { client, list, section, more, problem, isOnCard, announce })
    more.addEventListener('click', async () => {
      const last = list.lastElementChild
      await this.load()
      // The button can be gone; the first new row is next.
      last?.nextElementSibling?.querySelector('a, button')?.focus()
    })
  }

  /** Loads the next page. */
  async load() {
    this.more.disabled = true
    try {
      const { items, nextCursor } = await this.client.list({ limit: PAGE_SIZE, ...(this.#cursor && { cursor: this.#cursor }) })
      this.#cursor = nextCursor
      for (const record of items) if (!this.#shown.has(record.id) && !this.isOnCard(record.id)) this.#add(record)
      this.more.hidden = !nextCursor
      this.problem.textContent = ''
    } catch ({ message }) {
      this.problem.textContent = message
      this.more.hidden = false
    }
    this.more.disabled = false
    this.#changed()
  }

  #changed() {
    this.section.hidden = this.list.childElementCount === 0 && this.more.hidden && !this.problem.textContent
  }

  #add(record) {
    this.#shown.add(record.id)
    const name = record.filename ?? 'A file without a name'
    const mark = make('div', { className: 'mark' })
    mark.setAttribute('aria-hidden', 'true')
    const notice = make('p', { className: 'notice', hidden: true })
    const onProblem = (sentence = '') => {
      notice.hidden = !sentence
      notice.textContent = sentence
      if (sentence) this.announce(`${name}: ${sentence}`)
    }
    const isAccepted = record.status === 'accepted'
    const sentence = isAccepted ? facts(record) : record.reasons.length > 0 ? describe(record.reasons[0]) : 'The file was not accepted.'
    const when = make('time', { dateTime: record.createdAt, textContent: new Date(record.createdAt).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' }) })
    const state = make('p', { className: 'state' }, make('strong', { textContent: isAccepted ? 'Accepted.' : 'Rejected.' }), ` ${sentence}`)
    const entry = { ...record, filename: name }
    const link = downloadLink(this.client, entry, onProblem)
    const erase = deleteButton(this.client, entry, {
      onProblem,
      onDeleted: () => {
        const next = item.nextElementSibling ?? item.previousElementSibling
        item.remove()
        this.announce(`${name} was deleted.`)
        this.#changed()
        ;(next?.querySelector('a, button') ?? document.getElementById('verdicts')).focus()
      },
    })
    const item = make('li', {}, mark, make('div', { className: 'body' }, make('h3', { textContent: name }), when, state, notice), make('div', { className: 'actions' }, ...(isAccepted ? [link] : []), erase))
    item.dataset.state = record.status
    this.list.append(item)
    if (isPicture(record) && record.observed.size <= MAX_THUMBNAIL_BYTES) void this.#thumbnail(link, mark, item)
  }

  /** Nobody asked for the picture, so a problem is not told. The list may still have an upload that was just deleted. */
  async #thumbnail(link, mark, item) {
    const signed = await link.sign((_, code) => {
      if (code === 'deleted') item.remove()
      this.#changed()
    })
    if (!signed) return
    const image = make('img', { src: link.href, alt: '' })
    image.onerror = () => image.remove()
    mark.replaceChildren(image)
  }
}

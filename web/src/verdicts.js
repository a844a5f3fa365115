// The list of files: how far each one has come, and what was found.

import { bytes } from './policy.js'
import { plain } from './words.js'

const PATIENCE = 10 * 60_000
const FRESH = 4 * 60_000
const NEWS = 50

export class Verdicts {
  #entries = new Map()

  constructor(api, { list, nothing, news }) {
    Object.assign(this, { api, list, nothing, news })
  }

  /** A file begins to travel. */
  travelling(file) {
    const entry = this.#entry(file)
    entry.show('travelling', 'On its way')
    entry.bar.hidden = false
  }

  /** A file was on its way when the page was closed. */
  interrupted(file) {
    const entry = this.#entry(file)
    entry.show('travelling', 'Interrupted')
    entry.say(file.isGhost ? 'Choose the same file again, and the rest of it follows.' : 'Upload again, and it goes on.')
    entry.bar.hidden = false
    entry.bar.value = (file.progress.bytesUploaded || 0) / (file.progress.bytesTotal || 1)
  }

  paused(file, paused) {
    const entry = this.#entries.get(file.id)
    if (entry?.item.dataset.state === 'travelling') entry.show('travelling', paused ? 'Paused' : 'On its way')
  }

  progress(file, share) {
    const entry = this.#entries.get(file.id)
    if (entry) entry.bar.value = share
  }

  failed(file, message) {
    const entry = this.#entry(file)
    entry.bar.hidden = true
    entry.show('failed', 'Not uploaded')
    entry.say(message)
    this.#announce(`${file.name} was not uploaded. ${message}`)
  }

  removed(file) {
    const entry = this.#entries.get(file.id)
    if (!entry || !['travelling', 'failed'].includes(entry.item.dataset.state)) return
    entry.item.remove()
    this.#entries.delete(file.id)
    this.nothing.hidden = this.list.childElementCount > 0
  }

  /** A file has arrived: asks for its verdict until there is one. */
  async arrived(file, id) {
    const entry = this.#entry(file)
    entry.bar.hidden = true
    entry.show('checking', 'Arrived, being checked')
    // Another upload of the same file is another entry.
    this.#entries.delete(file.id)
    const record = await this.#verdict(id, entry, file)
    if (record?.status === 'accepted') await this.#accepted(entry, file, record)
    else if (record?.status === 'rejected') this.#rejected(entry, file, record)
    else {
      entry.show('failed', 'No verdict yet')
      entry.say('The service has not said anything for ten minutes. The file is not lost; look again later.')
    }
  }

  async #verdict(id, entry, file) {
    const until = Date.now() + PATIENCE
    let said
    for (let wait = 250; Date.now() < until; wait = Math.min(wait * 1.5, 5000)) {
      const { body, problem } = await this.api.ask(`/uploads/${id}`).catch(({ message }) => ({ body: {}, problem: message }))
      if (['accepted', 'rejected'].includes(body.status)) return body
      entry.remark(problem)
      if (problem && problem !== said) this.#announce(`${file.name} has arrived, but its verdict can't be read. ${problem}`)
      said = problem
      await new Promise((done) => setTimeout(done, wait))
    }
    return undefined
  }

  async #accepted(entry, file, record) {
    entry.show('accepted', 'Accepted')
    entry.facts(`${record.observed.contentType}, ${bytes(record.observed.size)}`)
    for (const finding of record.findings ?? []) entry.say(`Noted: ${plain(finding)}`)
    const link = document.createElement('a')
    link.textContent = `Download ${file.name}`
    // Whatever becomes of it, this page stays.
    Object.assign(link, { target: '_blank', rel: 'noopener' })
    // The address is good for five minutes.
    let since = await this.#freshen(link, record.id, entry)
    link.addEventListener('click', async (event) => {
      if (Date.now() - since < FRESH) return
      event.preventDefault()
      since = await this.#freshen(link, record.id, entry)
      if (since) link.click()
    })
    entry.append(link)
    this.#announce(`${file.name} was accepted.`)
  }

  /** Gives a link a fresh address and says when; or says why there is none, and leaves it to the next click. */
  async #freshen(link, id, entry) {
    try {
      link.href = (await this.api.need(`/uploads/${id}/content`)).url
      entry.remark()
      return Date.now()
    } catch ({ message }) {
      link.href = ''
      entry.remark(message)
      this.#announce(message)
      return 0
    }
  }

  #rejected(entry, file, record) {
    entry.show('rejected', 'Rejected')
    entry.facts(`Announced as ${record.declared.contentType}, found to be ${record.observed.contentType ?? 'unknown'}`)
    const list = document.createElement('ul')
    const sentences = [...new Set(record.reasons.map(plain))]
    list.append(...sentences.map((sentence) => Object.assign(document.createElement('li'), { textContent: sentence })))
    entry.append(list)
    this.#announce(`${file.name} was rejected. ${sentences.join(' ')}`)
  }

  /** Sentences are added, for one that takes another's place within a moment is the only one to be heard. */
  #announce(sentence) {
    this.news.append(Object.assign(document.createElement('p'), { textContent: sentence }))
    while (this.news.childElementCount > NEWS) this.news.firstElementChild.remove()
  }

  #entry(file) {
    const known = this.#entries.get(file.id)
    if (known) return known
    const entry = new Entry(file.name)
    this.#entries.set(file.id, entry)
    this.list.prepend(entry.item)
    this.nothing.hidden = true
    return entry
  }
}

/** One file's place in the list. */
class Entry {
  constructor(name) {
    this.item = document.createElement('li')
    const heading = Object.assign(document.createElement('h3'), { textContent: name })
    this.state = Object.assign(document.createElement('p'), { className: 'state' })
    this.bar = Object.assign(document.createElement('progress'), { max: 1, value: 0, hidden: true })
    this.bar.setAttribute('aria-label', `Progress of ${name}`)
    this.notes = document.createElement('div')
    this.passing = document.createElement('p')
    this.item.append(heading, this.state, this.bar, this.notes)
  }

  show(state, text) {
    this.item.dataset.state = state
    this.state.textContent = text
    this.notes.replaceChildren()
  }

  facts(text) {
    this.notes.append(Object.assign(document.createElement('p'), { className: 'facts', textContent: text }))
  }

  say(text) {
    this.notes.append(Object.assign(document.createElement('p'), { textContent: text }))
  }

  /** Says what may pass: the next remark takes its place, or none. */
  remark(text) {
    this.passing.remove()
    this.passing.textContent = text ?? ''
    if (text) this.notes.append(this.passing)
  }

  append(element) {
    const paragraph = element instanceof HTMLUListElement ? element : document.createElement('p')
    if (paragraph !== element) paragraph.append(element)
    this.notes.append(paragraph)
  }
}

// The list of files with the progress and the verdict of each.

import { bytes } from './policy.js'
import { describe } from './words.js'

const VERDICT_TIMEOUT_MS = 10 * 60_000
const LINK_REUSE_MS = 4 * 60_000
const MAX_ANNOUNCEMENTS = 50

export class Verdicts {
  #entries = new Map()

  constructor(api, { list, empty, announcements }) {
    Object.assign(this, { api, list, empty, announcements })
  }

  /** An upload starts. */
  uploading(file) {
    const entry = this.#entry(file)
    entry.setState('uploading', 'Uploading')
    entry.bar.hidden = false
  }

  /** An upload was not finished when the page was closed. */
  interrupted(file) {
    const entry = this.#entry(file)
    entry.setState('uploading', 'Interrupted')
    entry.addText(file.isGhost ? 'Choose the same file again to upload the rest.' : 'Start the upload again to continue.')
    entry.bar.hidden = false
    entry.bar.value = (file.progress.bytesUploaded || 0) / (file.progress.bytesTotal || 1)
  }

  paused(file, paused) {
    const entry = this.#entries.get(file.id)
    if (entry?.item.dataset.state === 'uploading') entry.setState('uploading', paused ? 'Paused' : 'Uploading')
  }

  progress(file, share) {
    const entry = this.#entries.get(file.id)
    if (entry) entry.bar.value = share
  }

  failed(file, message) {
    const entry = this.#entry(file)
    entry.bar.hidden = true
    entry.setState('failed', 'Upload failed')
    entry.addText(message)
    this.#announce(`${file.name} was not uploaded. ${message}`)
  }

  removed(file) {
    const entry = this.#entries.get(file.id)
    if (!entry || !['uploading', 'failed'].includes(entry.item.dataset.state)) return
    entry.item.remove()
    this.#entries.delete(file.id)
    this.empty.hidden = this.list.childElementCount > 0
  }

  /** An upload is complete: polls for its verdict. */
  async uploaded(file, id) {
    const entry = this.#entry(file)
    entry.bar.hidden = true
    entry.setState('checking', 'Uploaded, waiting for the verdict')
    // A later upload of the same file gets a new entry.
    this.#entries.delete(file.id)
    const record = await this.#verdict(id, entry, file)
    if (record?.status === 'accepted') await this.#accepted(entry, file, record)
    else if (record?.status === 'rejected') this.#rejected(entry, file, record)
    else {
      entry.setState('failed', 'No verdict yet')
      entry.addText('There is no verdict after ten minutes. The file is stored and may still be accepted.')
    }
  }

  async #verdict(id, entry, file) {
    const deadline = Date.now() + VERDICT_TIMEOUT_MS
    let announced
    for (let wait = 250; Date.now() < deadline; wait = Math.min(wait * 1.5, 5000)) {
      const { body, problem } = await this.api.request(`/uploads/${id}`).catch(({ message }) => ({ body: {}, problem: message }))
      if (['accepted', 'rejected'].includes(body.status)) return body
      entry.setNotice(problem)
      if (problem && problem !== announced) this.#announce(`${file.name} was uploaded, but its verdict could not be read. ${problem}`)
      announced = problem
      await new Promise((done) => setTimeout(done, wait))
    }
    return undefined
  }

  async #accepted(entry, file, record) {
    entry.setState('accepted', 'Accepted')
    entry.addFacts(`${record.observed.contentType}, ${bytes(record.observed.size)}`)
    for (const finding of record.findings ?? []) entry.addText(`Finding: ${describe(finding)}`)
    const link = document.createElement('a')
    link.textContent = `Download ${file.name}`
    // A failed download must not replace this page.
    Object.assign(link, { target: '_blank', rel: 'noopener' })
    // The presigned URL expires after five minutes.
    let signedAt = await this.#signLink(link, record.id, entry)
    link.addEventListener('click', async (event) => {
      if (Date.now() - signedAt < LINK_REUSE_MS) return
      event.preventDefault()
      signedAt = await this.#signLink(link, record.id, entry)
      if (signedAt) link.click()
    })
    entry.append(link)
    this.#announce(`${file.name} was accepted.`)
  }

  /** Sets a new presigned URL and returns the time. On an error, shows the message and returns 0, so the next click tries again. */
  async #signLink(link, id, entry) {
    try {
      link.href = (await this.api.requestBody(`/uploads/${id}/content`)).url
      entry.setNotice()
      return Date.now()
    } catch ({ message }) {
      link.href = ''
      entry.setNotice(message)
      this.#announce(message)
      return 0
    }
  }

  #rejected(entry, file, record) {
    entry.setState('rejected', 'Rejected')
    entry.addFacts(`Declared as ${record.declared?.contentType ?? 'no type'}, recognised as ${record.observed.contentType}`)
    const list = document.createElement('ul')
    const sentences = [...new Set(record.reasons.map(describe))]
    list.append(...sentences.map((sentence) => Object.assign(document.createElement('li'), { textContent: sentence })))
    entry.append(list)
    this.#announce(`${file.name} was rejected. ${sentences.join(' ')}`)
  }

  /** Adds a sentence to the log. A screen reader would skip a sentence that is replaced at once. */
  #announce(sentence) {
    this.announcements.append(Object.assign(document.createElement('p'), { textContent: sentence }))
    while (this.announcements.childElementCount > MAX_ANNOUNCEMENTS) this.announcements.firstElementChild.remove()
  }

  #entry(file) {
    const existing = this.#entries.get(file.id)
    if (existing) return existing
    const entry = new Entry(file.name)
    this.#entries.set(file.id, entry)
    this.list.prepend(entry.item)
    this.empty.hidden = true
    return entry
  }
}

/** The list item of one file. */
class Entry {
  constructor(name) {
    this.item = document.createElement('li')
    const heading = Object.assign(document.createElement('h3'), { textContent: name })
    this.state = Object.assign(document.createElement('p'), { className: 'state' })
    this.bar = Object.assign(document.createElement('progress'), { max: 1, value: 0, hidden: true })
    this.bar.setAttribute('aria-label', `Progress of ${name}`)
    this.notes = document.createElement('div')
    this.notice = document.createElement('p')
    this.item.append(heading, this.state, this.bar, this.notes)
  }

  setState(state, text) {
    this.item.dataset.state = state
    this.state.textContent = text
    this.notes.replaceChildren()
  }

  addFacts(text) {
    this.notes.append(Object.assign(document.createElement('p'), { className: 'facts', textContent: text }))
  }

  addText(text) {
    this.notes.append(Object.assign(document.createElement('p'), { textContent: text }))
  }

  /** Shows a temporary message in place of the previous one, or none. */
  setNotice(text) {
    this.notice.remove()
    this.notice.textContent = text ?? ''
    if (text) this.notes.append(this.notice)
  }

  append(element) {
    const paragraph = element instanceof HTMLUListElement ? element : document.createElement('p')
    if (paragraph !== element) paragraph.append(element)
    this.notes.append(paragraph)
  }
}

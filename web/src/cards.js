// The cards of the files that were chosen since the page was opened. One line says what happened and what to do.

import { CATALOGUE } from '../../clients/js/src/messages.ts'

import { bytes } from './policy.js'

const MAX_ANNOUNCEMENTS = 50
/** States that do not change by themselves. */
const ENDED = new Set(['accepted', 'rejected', 'failed', 'interrupted'])

/** Makes an element with properties and children. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...children)
  return element
}

export const button = (text, label, onclick) => {
  const made = make('button', { type: 'button', textContent: text, onclick })
  // Screen readers list the buttons of all cards.
  made.setAttribute('aria-label', label)
  return made
}

/** A media type in words. */
export function typeName(type) {
  const name = CATALOGUE.types[type] ?? CATALOGUE.types[`${type.split('/')[0]}/*`] ?? `a file of type ${type}`
  return name[0].toUpperCase() + name.slice(1)
}

/** Kind and size of a file that was accepted. */
export const facts = ({ observed }) => `${typeName(observed.contentType)}, ${bytes(observed.size)}.`

export class Cards {
  #cards = new Set()

  constructor({ list, empty, summary, announcements }) {
    Object.assign(this, { list, empty, summary, announcements })
  }

  /** Adds a card at the top. */
  add(name, { after } = {}) {
    const card = new Card(name, this)
    this.#cards.add(card)
    if (after) after.item.after(card.item)
    else this.list.prepend(card.item)
    this.changed()
    return card
  }

  remove(card) {
    const hadFocus = card.item.contains(document.activeElement)
    this.#cards.delete(card)
    card.item.remove()
    this.changed()
    // The focus would fall back to the beginning of the page.
    if (hadFocus) this.focusHeading()
  }

  focusHeading() {
    document.getElementById('verdicts').focus()
  }

  /** Scrolls a card that has ended into view. An accepted file does not move the page if another verdict is in view. */
  ended(card) {
    const isInView = ({ item }) => {
      const { top, bottom } = item.getBoundingClientRect()
      return top >= 0 && bottom <= innerHeight
    }
    if (card.item.dataset.state === 'accepted' && [...this.#cards].some((other) => ENDED.has(other.item.dataset.state) && isInView(other))) return
    card.item.scrollIntoView({ block: 'nearest', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' })
  }

  changed() {
    const states = [...this.#cards].map(({ item }) => item.dataset.state)
    const count = (...wanted) => states.filter((state) => wanted.includes(state)).length
    const counts = [
      [count('accepted'), 'accepted'],
      [count('rejected'), 'rejected'],
      [count('failed'), 'not uploaded'],
      [states.filter((state) => state && !ENDED.has(state)).length, 'in progress'],
    ]
    this.summary.textContent = states.length > 1 ? counts.filter(([number]) => number > 0).map((pair) => pair.join(' ')).join(', ') : ''
    this.empty.hidden = states.length > 0
    document.body.classList.toggle('started', states.length > 0)
  }

  /** Adds a sentence to the log. A screen reader would skip a sentence that is replaced at once. */
  announce(sentence) {
    this.announcements.append(make('p', { textContent: sentence }))
    while (this.announcements.childElementCount > MAX_ANNOUNCEMENTS) this.announcements.firstElementChild.remove()
  }
}

/** The card of one file. */
class Card {
  #cards
  #picture

  constructor(name, cards) {
    this.#cards = cards
    this.name = name
    this.mark = make('div', { className: 'mark' })
    this.mark.setAttribute('aria-hidden', 'true')
    this.state = make('p', { className: 'state' })
    this.bar = make('progress', { max: 1, value: 0, hidden: true })
    this.bar.setAttribute('aria-label', `Progress of ${name}`)
    this.details = make('details', { hidden: true }, make('summary', { textContent: 'Details' }), make('ul'))
    this.actions = make('div', { className: 'actions' })
    this.told = make('p', { className: 'told', hidden: true })
    this.notice = make('p', { className: 'notice', hidden: true })
    this.item = make('li', {}, this.mark, make('div', { className: 'body' }, make('h3', { textContent: name }), this.state, this.bar, this.notice, this.told, this.details), this.actions)
  }

  get isShown() {
    return this.item.isConnected
  }

  /** What happened in a word or two, and what to do in a sentence. `spoken`: what a screen reader says; nothing without it. */
  set(state, word, sentence = '', { details = [], actions = [], spoken } = {}) {
    const wasFocused = this.actions.contains(document.activeElement)
    this.notice.hidden = true
    this.item.dataset.state = state
    this.state.replaceChildren(make('strong', { textContent: word }), sentence && ` ${sentence}`)
    this.bar.hidden = state !== 'uploading' && state !== 'interrupted'
    this.details.hidden = details.length === 0
    this.details.lastElementChild.replaceChildren(...details.map((textContent) => make('li', { textContent })))
    this.actions.replaceChildren(...actions)
    if (wasFocused && this.isShown) (this.actions.firstElementChild ?? document.getElementById('verdicts')).focus()
    this.#cards.changed()
    if (spoken) this.#cards.announce(spoken)
    if (ENDED.has(state) && state !== 'interrupted') this.#cards.ended(this)
  }

  progress(share) {
    this.bar.value = share
  }

  /** Shows the picture; `url` is released with `release`. */
  picture(url, release = () => {}) {
    this.#picture?.()
    this.#picture = release
    const image = make('img', { src: url, alt: '' })
    // A format that the browser does not know.
    image.onerror = () => image.remove()
    this.mark.replaceChildren(image)
  }

  remove() {
    this.#picture?.()
    this.#cards.remove(this)
  }

  /** Shows a problem of a button or link, or removes it. */
  showNotice(sentence = '') {
    this.notice.hidden = !sentence
    this.notice.textContent = sentence
    if (sentence) this.#cards.announce(`${this.name}: ${sentence}`)
  }

  /** The application has received the event of this upload. */
  showTold(text) {
    this.told.hidden = false
    this.told.textContent = text
  }
}

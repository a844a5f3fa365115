// Uploads the chosen files with the client and shows each on a card, or many on one.

import { button } from './cards.js'
import { bytes } from './policy.js'
import { problemSentence, showFailed, showVerdict } from './results.js'
import { refusal } from './signin.js'
import * as unfinished from './unfinished.js'

/** More files than this share one card; those with a problem have cards of their own. */
const MAX_CARDS = 20
const MAX_PROBLEM_CARDS = 50
const POLL_MS = 1_000
const POLLS = 600

export class Uploads {
  #running = 0

  /** `onVerdict` is called after each verdict, `onBusy` when uploads begin or end. */
  constructor({ client, api, cards, onVerdict, onBusy }) {
    Object.assign(this, { client, api, cards, onVerdict, onBusy })
    this.interrupted = unfinished.list().map((entry) => ({ entry, card: this.#showInterrupted(entry) }))
  }

  add(files, className) {
    if (files.length === 0) return
    if (files.length > MAX_CARDS) return void this.#many(files, className)
    // The first file is the topmost card.
    for (const file of [...files].reverse()) void this.#one(file, className, this.#cardOf(file))
    document.getElementById('verdicts').scrollIntoView({ block: 'nearest' })
  }

  /** The card of an interrupted upload of the same file, or a new one. */
  #cardOf(file) {
    const known = this.interrupted.find(({ entry, card }) => card.isShown && unfinished.keyOf(file) === entry.key)
    return known?.card ?? this.cards.add(file.name)
  }

  #showInterrupted(entry) {
    const card = this.cards.add(entry.name)
    const forget = () => {
      unfinished.remove(entry)
      card.remove()
    }
    card.set('interrupted', 'Interrupted.', 'Choose the same file again to upload the rest.', { actions: [button('Forget', `Forget ${entry.name}`, forget)] })
    card.progress(entry.share)
    return card
  }

  #setRunning(change) {
    this.#running += change
    this.onBusy(this.#running > 0)
  }

  async #one(file, className, card) {
    let phase = 'waiting'
    let shown
    let storedShare = 0
    const show = ({ loaded, total, secondsLeft }) => {
      const state = phase === 'checking' ? 'checking' : 'uploading'
      const now = `${phase} ${task.pausable}`
      if (now !== shown) {
        shown = now
        const words = { waiting: 'Waiting.', uploading: 'Uploading.', paused: 'Paused.', checking: 'Uploaded.' }
        card.set(state, words[phase], phase === 'checking' ? 'Checking its content.' : '', { actions: this.#controls(task, card) })
        if (task.pausable) unfinished.add(file, (storedShare = loaded / total))
      } else if (task.pausable && loaded / total > storedShare + 0.02) {
        unfinished.add(file, (storedShare = loaded / total))
      }
      card.progress(loaded / total)
      if (phase === 'uploading' && secondsLeft > 1) card.state.lastChild.textContent = ` ${bytes(loaded)} of ${bytes(total)}, ${timeLeft(secondsLeft)} left.`
    }
    const onProgress = (progress) => {
      if (progress.phase === 'done') return
      ;({ phase } = progress)
      show(progress)
    }
    const task = this.client.upload(file, { class: className, onProgress })
    show({ loaded: 0, total: file.size || 1 })
    this.#setRunning(1)
    const result = await task
    this.#setRunning(-1)
    if (result.status !== 'failed' || !result.problem.retryable || result.problem.code === 'cancelled') unfinished.remove({ key: unfinished.keyOf(file) })
    if (result.status !== 'failed') return this.#verdict(card, result.record, file)
    if (result.problem.code === 'cancelled') return card.remove()
    const sentence = await this.#sentence(result.problem)
    if (phase === 'checking') return this.#noVerdict(card, result.id, file, sentence)
    const again = button('Try again', `Try ${file.name} again`, () => void this.#one(file, className, card))
    showFailed(card, sentence, result.problem.retryable ? [again] : [])
  }

  #controls(task, card) {
    const toggle = task.paused
      ? button('Resume', `Resume ${card.name}`, () => task.resume())
      : button('Pause', `Pause ${card.name}`, () => task.pause())
    const cancel = button('Cancel', `Cancel ${card.name}`, () => task.cancel())
    return task.pausable ? [toggle, cancel] : [cancel]
  }

  #verdict(card, record, file) {
    showVerdict(this.client, card, record, file)
    this.onVerdict(card)
  }

  async #sentence(problem) {
    return (problem.code === 'unauthorized' && (await refusal(this.api.url, await this.api.renew()))) || problemSentence(problem)
  }

  /** S3 has the file, but its verdict could not be read. */
  #noVerdict(card, id, file, sentence) {
    const ask = async () => {
      card.set('checking', 'Uploaded.', 'Checking its content.')
      try {
        for (let polls = 0; polls < POLLS; polls += 1) {
          const record = await this.client.record(id)
          if (record.status === 'accepted' || record.status === 'rejected') return this.#verdict(card, record, file)
          await new Promise((done) => setTimeout(done, POLL_MS))
        }
        this.#noVerdict(card, id, file, 'There is no verdict yet.')
      } catch ({ problem, message }) {
        this.#noVerdict(card, id, file, problem ? await this.#sentence(problem) : message)
      }
    }
    const spoken = `${card.name} was uploaded, but its verdict could not be read. ${sentence}`
    card.set('unknown', 'Uploaded, verdict unknown.', sentence, { actions: [button('Ask again', `Ask again for the verdict of ${card.name}`, () => void ask())], spoken })
  }

  async #many(files, className) {
    const name = `${files.length.toLocaleString('en')} files`
    const card = this.cards.add(name)
    const problems = { shown: 0, rest: 0, last: card }
    const onResult = (result) => {
      if (result.status === 'accepted' || result.problem?.code === 'cancelled') return
      if (problems.shown >= MAX_PROBLEM_CARDS) return void (problems.rest += 1)
      problems.shown += 1
      const own = (problems.last = this.cards.add(result.file.name, { after: problems.last }))
      if (result.status === 'rejected') return this.#verdict(own, result.record)
      const again = button('Try again', `Try ${result.file.name} again`, () => void this.#one(result.file, className, own))
      showFailed(own, problemSentence(result.problem), result.problem.retryable ? [again] : [])
    }
    let paused
    let ended
    const onProgress = ({ loaded, total, secondsLeft, accepted, rejected, failed }) => {
      if (paused !== batch.paused) {
        paused = batch.paused
        card.set('uploading', paused ? 'Paused.' : 'Uploading.', ' ', { actions: this.#controls(Object.assign(batch, { pausable: true }), card) })
      }
      ended = { accepted, rejected, failed }
      card.progress(loaded / (total || 1))
      const left = secondsLeft > 1 ? ` ${timeLeft(secondsLeft)} left.` : ''
      card.state.lastChild.textContent = ` ${accepted + rejected + failed} of ${name} done: ${counts(ended)}.${left}`
    }
    const batch = this.client.upload(files, { class: className, keepResults: false, onResult, onProgress })
    onProgress({ loaded: 0, accepted: 0, rejected: 0, failed: 0 })
    this.#setRunning(1)
    await batch
    this.#setRunning(-1)
    const sentence = `${counts(ended)}.${problems.rest > 0 ? ` ${problems.rest} more files without a card were not accepted.` : ''}`
    const state = ended.accepted === files.length ? 'accepted' : 'failed'
    const dismiss = button('Dismiss', `Dismiss the summary of ${name}`, () => card.remove())
    card.set(state, ended.accepted === files.length ? 'All accepted.' : 'Done, with problems.', sentence, { actions: [dismiss], spoken: `${name}: ${sentence}` })
    this.onVerdict(card)
  }
}

const counts = ({ accepted, rejected, failed }) =>
  [`${accepted} accepted`, ...(rejected > 0 ? [`${rejected} rejected`] : []), ...(failed > 0 ? [`${failed} not uploaded`] : [])].join(', ')

function timeLeft(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} seconds`
  return seconds < 5400 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds / 3600)} hours`
}

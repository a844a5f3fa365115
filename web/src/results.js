// Shows on a card how an upload ended.

import { describe } from '../../clients/js/src/messages.ts'

import { button, facts, typeName } from './cards.js'
import { deleteButton, downloadLink, isPicture } from './content.js'

/** Shows a verdict. `file` is the file on this machine, if the page has it. */
export function showVerdict(client, card, record, file) {
  card.record = record
  if (record.status === 'accepted') showAccepted(client, card, record, file)
  else showRejected(card, record)
}

function showAccepted(client, card, record, file) {
  const findings = [...new Set((record.findings ?? []).map(describe))]
  // Not shown as a problem: the file is served.
  const onProblem = (sentence) => card.showNotice(sentence)
  const link = downloadLink(client, { ...record, filename: card.name }, onProblem)
  const onDeleted = () => card.remove()
  card.set('accepted', 'Accepted.', [facts(record), ...findings.slice(0, 1)].join(' '), {
    details: findings.slice(1),
    actions: [link, deleteButton(client, { ...record, filename: card.name }, { onDeleted, onProblem })],
    spoken: `${card.name} was accepted.`,
  })
  void link.sign()
  if (file instanceof Blob && isPicture(record)) {
    const url = URL.createObjectURL(file)
    card.picture(url, () => URL.revokeObjectURL(url))
  }
}

function showRejected(card, record) {
  const reasons = [...new Set(record.reasons.map(describe))]
  const declared = record.declared?.contentType
  card.set('rejected', 'Rejected.', withAdvice(reasons[0] ?? 'The file was not accepted.'), {
    details: [
      ...reasons.slice(1),
      ...(record.observed ? [`The content is ${lower(typeName(record.observed.contentType))}; the name says ${declared ? lower(typeName(declared)) : 'nothing about it'}.`] : []),
    ],
    actions: [button('Dismiss', `Dismiss ${card.name}`, () => card.remove())],
    spoken: `${card.name} was rejected. ${reasons.join(' ')}`,
  })
}

const lower = (text) => text[0].toLowerCase() + text.slice(1)

/** Most sentences only say what is wrong. */
const withAdvice = (sentence) => (/\b(again|choose|rename)\b/i.test(sentence) ? sentence : `${sentence} Choose another file.`)

/** Problems whose sentence only says what is wrong. */
export const problemSentence = (problem) => (['too-large', 'too-small'].includes(problem.code) ? withAdvice(describe(problem)) : describe(problem))

/** Shows why there is no verdict. */
export function showFailed(card, sentence, actions) {
  const dismiss = button('Dismiss', `Dismiss ${card.name}`, () => card.remove())
  card.set('failed', 'Not uploaded.', sentence, { actions: [...actions, dismiss], spoken: `${card.name} was not uploaded. ${sentence}` })
}

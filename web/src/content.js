// Links to accepted files. A presigned URL expires after five minutes, so a link gets a new one when it is needed.

import { make } from './cards.js'

const REUSE_MS = 4 * 60_000
/** Formats that browsers show. */
const PICTURES = new Set(['image/png', 'image/apng', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/bmp'])

export const isPicture = (record) => record.status === 'accepted' && PICTURES.has(record.observed?.contentType)

/**
 * A download link. `onProblem` gets a sentence, or undefined when the link works again. `sign` gives the link its URL
 * before it is needed, and tells another function of a problem.
 */
export function downloadLink(client, { id, filename }, onProblem) {
  // A failed download must not replace this page.
  const link = make('a', { className: 'button', textContent: 'Download', target: '_blank', rel: 'noopener', href: '#' })
  link.setAttribute('aria-label', `Download ${filename}`)
  let signedAt = 0
  const sign = async (onFailure = onProblem) => {
    try {
      link.href = (await client.content(id)).url
      signedAt = Date.now()
      onProblem()
    } catch ({ message, code }) {
      onFailure(message, code)
    }
    return signedAt
  }
  link.addEventListener('click', async (event) => {
    if (Date.now() - signedAt < REUSE_MS) return
    event.preventDefault()
    if (Date.now() - (await sign()) < REUSE_MS) link.click()
  })
  return Object.assign(link, { sign })
}

/** A button that deletes an upload when it is pressed twice. */
export function deleteButton(client, { id, filename }, { onDeleted, onProblem }) {
  const erase = make('button', { type: 'button', className: 'delete' })
  const label = (text, spoken) => {
    erase.textContent = text
    erase.setAttribute('aria-label', `${spoken} ${filename}`)
  }
  let [isSure, isDeleting] = [false, false]
  const ask = (sure) => {
    isSure = sure
    if (sure) label('Delete permanently?', 'Press again to delete permanently:')
    else label('Delete', 'Delete')
  }
  ask(false)
  erase.addEventListener('blur', () => ask(false))
  erase.addEventListener('click', async () => {
    // Not `disabled`: the button would lose the focus.
    if (isDeleting) return
    if (!isSure) return void ask(true)
    isDeleting = true
    try {
      await client.delete(id)
      onDeleted()
    } catch ({ message }) {
      isDeleting = false
      ask(false)
      onProblem(message)
    }
  })
  return erase
}

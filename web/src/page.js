// The demo page: limits and sign-in first, then the upload area, then verdicts and earlier uploads. `?uppy` uploads with Uppy.

import { createClient } from '../../clients/js/src/index.ts'
import { indexedDbStore } from '../../clients/js/src/store-indexeddb.ts'

import { Api, session } from './api.js'
import { Cards } from './cards.js'
import { acceptFiles, acceptOf } from './drop.js'
import { Earlier } from './earlier.js'
import { bytes, restrictions, rows } from './policy.js'
import { picture, renamedProgram, tooLarge } from './samples.js'
import { Told } from './told.js'
import { Uploads } from './uploads.js'

const element = (id) => document.getElementById(id)

async function main() {
  const current = await session()
  const api = new Api(current)
  const { classes } = await api.requestBody('/policy')
  element('session').textContent = current.name ? `Signed in as ${current.name}.` : 'This deployment is open: anyone can upload without signing in.'

  const token = () => api.renew()
  const client = createClient({ api: api.url, token, store: indexedDbStore(`sluice-${current.name ?? ''}`) })
  const cards = new Cards({ list: element('files'), empty: element('empty'), summary: element('summary'), announcements: element('announcements') })
  const onCards = new Set()
  const told = new Told()
  const onVerdict = (card) => {
    if (card.record) onCards.add(card.record.id)
    told.watch(card)
  }

  const choice = element('class')
  const names = Object.keys(classes).sort((a, b) => (b === 'default') - (a === 'default') || a.localeCompare(b))
  choice.append(...names.map((name) => new Option(name, name)))
  const query = new URLSearchParams(location.search)
  if (names.includes(query.get('class'))) choice.value = query.get('class')
  element('choice').addEventListener('submit', (event) => event.preventDefault())
  for (const id of ['choice', 'limits']) element(id).hidden = false

  const start = query.has('uppy') ? startUppy : startClient
  const show = await start({ api, client, cards, classes, choice, onVerdict })
  const change = () => {
    showLimits(classes[choice.value])
    show(choice.value, classes[choice.value])
  }
  choice.addEventListener('change', change)
  change()

  const earlier = new Earlier({
    client,
    list: element('earlier-files'),
    section: element('earlier'),
    more: element('more'),
    problem: element('earlier-problem'),
    isOnCard: (id) => onCards.has(id),
    announce: (sentence) => cards.announce(sentence),
  })
  await earlier.load()
}

async function startClient({ api, client, cards, classes, choice, onVerdict }) {
  const uploads = new Uploads({ client, api, cards, onVerdict, onBusy: (busy) => (window.onbeforeunload = busy ? (event) => event.preventDefault() : null) })
  const add = (files) => uploads.add(files, choice.value)
  acceptFiles({ area: element('drop'), input: element('input'), onFiles: add })
  element('sample-picture').addEventListener('click', async () => add([await picture()]))
  element('sample-program').addEventListener('click', () => add([renamedProgram()]))
  element('sample-large').addEventListener('click', () => add([tooLarge(classes[choice.value])]))
  for (const id of ['drop', 'samples']) element(id).hidden = false
  return (name, limits) => {
    element('input').accept = acceptOf(limits)
    element('note').textContent = `Up to ${bytes(restrictions(limits).maxFileSize)} each.`
  }
}

/** Each class has its own Uppy. Changing the class destroys the current one and would abort its uploads without a message. */
async function startUppy({ api, client, cards, choice, onVerdict }) {
  const { uploads } = await import('./uppy.js')
  document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: 'uppy.css' }))
  const setUploading = (uploading) => {
    choice.disabled = uploading
    element('locked').hidden = !uploading
  }
  let uppy
  return (name, limits) => {
    uppy?.destroy()
    element('dashboard').replaceChildren()
    uppy = uploads({ api, client, cards, onVerdict, target: '#dashboard', name, limits, setUploading })
  }
}

function showLimits(limits) {
  const cell = (text) => Object.assign(document.createElement('td'), { textContent: text })
  const lines = rows(limits).map((row) => {
    const line = document.createElement('tr')
    line.append(cell(row.files), cell(row.smallest), cell(row.largest))
    return line
  })
  document.querySelector('#limits tbody').replaceChildren(...lines)
  const multipart = limits.allow.some((rule) => rule.max >= limits.multipartFrom)
  document.querySelector('#limits p').textContent = multipart ? `Files above ${bytes(limits.multipartFrom)} use multipart uploads, which can be paused and resumed.` : ''
}

main().catch((problem) => {
  element('session').textContent = `The page could not start. ${problem.message} Run “cargo xtask up”, which starts the stack and signs in, then reload this page.`
  element('session').className = 'problem'
})

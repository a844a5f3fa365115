// The demo page: limits and session first, then Uppy, then verdicts.

import { Api, session } from './api.js'
import { bytes, rows } from './policy.js'
import { uploads } from './uploads.js'
import { Verdicts } from './verdicts.js'

const element = (id) => document.getElementById(id)

async function main() {
  const current = await session()
  const api = new Api(current)
  const { classes } = await api.requestBody('/policy')
  element('session').textContent = current.name ? `Signed in as ${current.name}.` : 'This deployment is open: anyone can upload without signing in.'
  const verdicts = new Verdicts(api, { list: element('files'), empty: element('empty'), announcements: element('announcements') })

  const choice = element('class')
  const names = Object.keys(classes).sort((a, b) => (b === 'default') - (a === 'default') || a.localeCompare(b))
  choice.append(...names.map((name) => new Option(name, name)))
  const requested = new URLSearchParams(location.search).get('class')
  if (names.includes(requested)) choice.value = requested
  for (const id of ['choice', 'limits']) element(id).hidden = false

  // Each class has its own Uppy. Changing the class destroys the current one and would abort its uploads without a message.
  const setUploading = (uploading) => {
    choice.disabled = uploading
    element('locked').hidden = !uploading
  }
  let uppy
  const show = () => {
    uppy?.destroy()
    element('dashboard').replaceChildren()
    const [name, limits] = [choice.value, classes[choice.value]]
    showLimits(limits)
    uppy = uploads({ api, verdicts, target: '#dashboard', name, limits, setUploading })
  }
  choice.addEventListener('change', show)
  element('choice').addEventListener('submit', (event) => event.preventDefault())
  show()
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
  document.querySelector('#limits p').textContent =
    multipart ? `Files above ${bytes(limits.multipartFrom)} use multipart uploads, which can be paused and resumed.` : ''
}

main().catch((problem) => {
  element('session').textContent = `The page could not start. ${problem.message} Run “cargo xtask up”, which starts the stack and signs in, then reload this page.`
  element('session').className = 'problem'
})

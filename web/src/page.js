// The demo page: limits and session first, then Uppy, then verdicts.

import { Api, session } from './api.js'
import { bytes, rows } from './policy.js'
import { uploads } from './uploads.js'
import { Verdicts } from './verdicts.js'

const element = (id) => document.getElementById(id)

async function main() {
  const found = await session()
  const api = new Api(found)
  const { classes } = await api.need('/policy')
  element('session').textContent = found.name ? `You are ${found.name}.` : 'This deployment is open: anybody may upload.'
  const verdicts = new Verdicts(api, { list: element('files'), nothing: element('nothing'), news: element('news') })

  const choice = element('class')
  const names = Object.keys(classes).sort((a, b) => (b === 'default') - (a === 'default') || a.localeCompare(b))
  choice.append(...names.map((name) => new Option(name, name)))
  const wanted = new URLSearchParams(location.search).get('class')
  if (names.includes(wanted)) choice.value = wanted
  for (const id of ['choice', 'limits']) element(id).hidden = false

  // Another kind is another Uppy, and the first one's uploads would be given up without a word.
  const busy = (travels) => {
    choice.disabled = travels
    element('locked').hidden = !travels
  }
  let uppy
  const show = () => {
    uppy?.destroy()
    element('dashboard').replaceChildren()
    const [name, limits] = [choice.value, classes[choice.value]]
    limitsOf(limits)
    uppy = uploads({ api, verdicts, target: '#dashboard', name, limits, busy })
  }
  choice.addEventListener('change', show)
  element('choice').addEventListener('submit', (event) => event.preventDefault())
  show()
}

function limitsOf(limits) {
  const cell = (text) => Object.assign(document.createElement('td'), { textContent: text })
  const lines = rows(limits).map((row) => {
    const line = document.createElement('tr')
    line.append(cell(row.files), cell(row.smallest), cell(row.largest))
    return line
  })
  document.querySelector('#limits tbody').replaceChildren(...lines)
  const inParts = limits.allow.some((rule) => rule.max >= limits.multipartFrom)
  document.querySelector('#limits p').textContent =
    inParts ? `From ${bytes(limits.multipartFrom)} on a file travels in parts, so that it can be paused and resumed.` : ''
}

main().catch((problem) => {
  element('session').textContent = `The page could not start. ${problem.message} Here, “cargo xtask up” starts the stack and signs in: run it, then reload.`
  element('session').className = 'problem'
})

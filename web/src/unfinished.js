// Remembers which uploads were not finished when the page was closed. The client's store knows how to resume them.

const NAME = 'sluice-unfinished'
const MAX_ENTRIES = 20

export const keyOf = ({ name, size, lastModified }) => `${name} ${size} ${lastModified}`

/** The entries: `{ key, name, share }`. */
export function list() {
  try {
    return JSON.parse(localStorage.getItem(NAME)) ?? []
  } catch {
    return []
  }
}

export function add(file, share) {
  const key = keyOf(file)
  save([{ key, name: file.name, share }, ...list().filter((entry) => entry.key !== key)].slice(0, MAX_ENTRIES))
}

export function remove({ key }) {
  const all = list()
  if (all.some((entry) => entry.key === key)) save(all.filter((entry) => entry.key !== key))
}

function save(entries) {
  try {
    localStorage.setItem(NAME, JSON.stringify(entries))
  } catch {
    // Without storage the page does not show what was interrupted.
  }
}

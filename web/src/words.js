// Sentences for the person who uploads a file. Server and page share one catalogue, by code; docs/CONTRACT.md lists the codes.

import words from '../../shared/policy/words/en.json'

/** The sentence for a reason or finding. The server sends it as `detail`, filled in with the types of the file. */
export function describe({ code, detail }) {
  return detail || (words.reasons[code] ?? code)
}

/**
 * The sentence for a problem of the API; undefined if there is none. A sentence with values, such as a limit, comes from the
 * server. For every other code the catalogue has it: the server's `detail` then speaks to the maker of the page.
 */
export function problemSentence({ code, detail, message }) {
  const sentence = words.problems[code]
  return sentence && !sentence.includes('{') ? sentence : detail || message
}

/** The sentence of the catalogue for a problem that the page finds itself, with its values. */
export function ownProblem(code, values) {
  return words.problems[code].replace(/\{(\w+)\}/g, (_, name) => values[name])
}

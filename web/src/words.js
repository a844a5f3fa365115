// Reasons and findings in plain words. Codes are in docs/CONTRACT.md; one without words here is shown with its detail.

const WORDS = {
  'size-mismatch': 'It did not arrive with the size that was announced.',
  'type-altered': 'It was stored under another type than was granted.',
  'checksum-mismatch': 'Its checksum is not the one that was announced.',
  'not-granted': 'It was not uploaded through a grant of this service.',
  'stray-metadata': 'It carries headers or tags that no upload here may carry.',
  'content-mismatch': 'What is in it is something else than it claims to be.',
  'extension-mismatch': 'Its name ends like another kind of file than it is.',
  unverified: 'What is in it does not prove what it claims to be.',
  unknown: 'What is in it could not be recognised.',
  empty: 'It is empty.',
  truncated: 'It is cut off: there should be more of it.',
  stub: 'There is nothing in it but the beginning of a format.',
  malformed: 'It is damaged: its inner parts contradict each other.',
  'trailing-data': 'Something follows after its own end.',
  polyglot: 'It is two kinds of file at once.',
  'active-content': 'It contains script that would run when it is shown.',
  macros: 'It contains macros.',
  encrypted: 'It is locked with a password, so it could not be checked.',
  executable: 'It is a program.',
  'executable-inside': 'There is a program in it.',
  'bomb-size': 'It would unpack to far more than it should.',
  'large-contents': 'It holds very many things, or unpacks to very much.',
  'unseen-objects': 'Not all of it could be looked at.',
  'pixel-bomb': 'It has more pixels than a viewer should try to show.',
}

/** What a reason means for the person who chose the file. */
export function plain({ code, detail }) {
  return WORDS[code] ?? detail ?? code
}

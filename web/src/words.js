// Descriptions of reasons and findings. docs/CONTRACT.md lists the codes. A code without a description is shown with its detail.

const DESCRIPTIONS = {
  'size-mismatch': 'The stored size differs from the declared size.',
  'type-altered': 'The stored content type differs from the granted one.',
  'checksum-mismatch': 'The checksum differs from the declared one.',
  'not-granted': 'The file was uploaded without a grant of this service.',
  'unexpected-metadata': 'The file has headers, metadata or tags that its grant does not contain.',
  'content-mismatch': 'The content does not match the declared type.',
  'extension-mismatch': 'The file name extension does not match the content.',
  unverified: 'The content could not be verified as the declared type.',
  unknown: 'The type of the content could not be recognised.',
  empty: 'The file is empty.',
  truncated: 'The end of the file is missing.',
  stub: 'The file has a signature but no content.',
  malformed: 'The file is damaged: its structure violates the format.',
  'trailing-data': 'The file has extra bytes after its end.',
  polyglot: 'The file is valid in two formats at once.',
  'active-content': 'The file contains script that runs when the file is shown.',
  macros: 'The file contains macros.',
  encrypted: 'The file is encrypted, so it could not be checked.',
  executable: 'The file is a program.',
  'executable-inside': 'The file contains a program.',
  'bomb-size': 'The file unpacks to far more data than files of its size should.',
  'large-contents': 'The file has very many entries, or unpacks to very much data.',
  'unseen-objects': 'Parts of the file could not be checked.',
  'pixel-bomb': 'The image has more pixels or frames than most programs can show.',
}

/** The meaning of a reason or finding for the person who uploaded the file. */
export function describe({ code, detail }) {
  return DESCRIPTIONS[code] ?? detail ?? code
}

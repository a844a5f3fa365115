// Sentences in English for the person who uploads a file.

import type { Reason, UploadResult } from './types.js'

/** By code of a reason, a finding or a problem. docs/CONTRACT.md lists the codes. */
export const MESSAGES: Readonly<Record<string, string>> = {
  'size-mismatch': 'The stored size differs from the declared size.',
  'type-altered': 'The stored content type differs from the granted one.',
  'checksum-mismatch': 'The checksum differs from the declared one.',
  'not-granted': 'The file was uploaded without a grant of this service.',
  'unexpected-metadata': 'The file has headers, metadata or tags that its grant does not contain.',
  'threat-found': 'The malware scanner found a threat in the file.',
  unscannable: 'The malware scanner could not check the file.',
  'not-scanned': 'The malware scanner did not check the file in time.',
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
  'remote-template': 'The document loads its template from another place.',
  encrypted: 'The file is encrypted, so it could not be checked.',
  executable: 'The file is a program.',
  'executable-inside': 'The file contains a program.',
  'bomb-size': 'The file unpacks to far more data than files of its size should.',
  'large-contents': 'The file has very many entries, or unpacks to very much data.',
  'unseen-objects': 'Parts of the file could not be checked.',
  'pixel-bomb': 'The image has more pixels or frames than most programs can show.',
  formula: 'A cell of the table would run as a formula.',
  'type-not-allowed': 'Files of this type are not allowed here.',
  'extension-not-allowed': 'Files with this extension are not allowed here.',
  'name-not-allowed': 'The file name is not allowed. Rename the file, then try again.',
  'invalid-filename': 'The file name is not allowed. Rename the file, then try again.',
  'too-large': 'The file is too large.',
  'too-small': 'The file is too small.',
  unavailable: 'The service is busy. Try again later.',
  throttled: 'The service is busy. Try again later.',
  deleted: 'The file was deleted.',
}

/** The meaning of a reason, finding or problem. Without a sentence for its code, the server's detail. */
export function describe({ code, detail }: Pick<Reason, 'code' | 'detail'>): string {
  return MESSAGES[code] ?? detail ?? code
}

/** A result in one line. */
export function summarize(result: UploadResult): string {
  if (result.status === 'accepted') return `${result.file.name} was accepted.`
  const why = result.status === 'rejected' ? [...new Set(result.reasons.map(describe))].join(' ') : describe(result.problem)
  return `${result.file.name} was ${result.status === 'rejected' ? 'rejected' : 'not uploaded'}. ${why}`
}

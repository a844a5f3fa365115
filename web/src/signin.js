// Shows the user when the sign-in is missing, not accepted or expired. To use it with Uppy 5 or 6, copy this file; it has no imports.

const REQUEST_TIMEOUT_MS = 10_000
const MESSAGE_DURATION_MS = 10_000

class SignInError extends Error {}

/** Why `api` refuses a token, as a sentence for the user; undefined if it does not. */
export async function refusal(api, token) {
  const request = (options) => fetch(`${api}/policy`, { cache: 'no-store', signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS), ...options }).catch(() => undefined)
  const response = await request({ headers: token ? { authorization: `Bearer ${token}` } : {} })
  // The upload itself reports any other error with more detail.
  if (response && response.status !== 401) return undefined
  if (!response && !navigator.onLine) return 'You are offline. Retry when the connection is back.'
  // A 401 of API Gateway may have no CORS headers. A page can't read such a response, but a no-cors request shows that there is one.
  if (!response && !(await request({ mode: 'no-cors' }))) return 'The API did not respond. Check your connection. If it works, sign in again, then retry.'
  if (!token) return 'You are not signed in. Sign in, then retry.'
  return isExpired(token) ? 'Your sign-in has expired. Sign in again, then retry.' : 'Your sign-in was not accepted. Sign in again, then retry.'
}

/** Whether a JWT is expired by the clock of this machine. */
function isExpired(token) {
  try {
    const { exp } = JSON.parse(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')))
    return exp * 1000 <= Date.now()
  } catch {
    return false
  }
}

/** Checks the sign-in before each upload and retry, and after each failure. `token` returns the current token or a promise of it. */
export function watch(uppy, { api, token }) {
  let pending
  const check = async () => {
    const sentence = await refusal(api, await Promise.resolve().then(token).catch(() => undefined))
    if (sentence) uppy.info(sentence, 'error', MESSAGE_DURATION_MS)
    return sentence
  }
  // Files that fail at the same time share one check, so the message is shown once.
  const sharedCheck = () => (pending ??= check().finally(() => (pending = undefined)))
  uppy.addPreProcessor(async (ids) => {
    const sentence = await sharedCheck()
    if (!sentence) return
    // Not thrown: Uppy would treat the file as uploading and never retry it. A file with an error is not uploaded and can be retried.
    for (const file of ids.map((id) => uppy.getFile(id))) if (file) uppy.emit('upload-error', file, new SignInError(sentence))
  })
  uppy.on('upload-error', async (file, error) => {
    if (!file || error instanceof SignInError) return
    const sentence = await sharedCheck()
    // The file may have been retried or removed during the check.
    if (!sentence || !uppy.getFile(file.id)?.error) return
    uppy.setFileState(file.id, { error: sentence })
    uppy.setState({ error: sentence })
  })
}

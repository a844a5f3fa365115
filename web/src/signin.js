// A sign-in that is missing, wrong or over, said so that a person can act on it. It needs no other file, and suits Uppy 5 and 6: copy it.

const PATIENCE = 10_000
const SHOWN = 10_000

class Refused extends Error {}

/** What stands against uploading to `api` with a token, as a sentence, or nothing. */
export async function refusal(api, token) {
  const ask = (options) => fetch(`${api}/policy`, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE), ...options }).catch(() => undefined)
  const answer = await ask({ headers: token ? { authorization: `Bearer ${token}` } : {} })
  // Any other refusal is told better by the upload itself.
  if (answer && answer.status !== 401) return undefined
  if (!answer && !navigator.onLine) return 'You are offline. Retry when the connection is back.'
  // The gateway may refuse a token without CORS headers. A page can't read that, but it can see that somebody is there.
  if (!answer && !(await ask({ mode: 'no-cors' }))) return 'There was no answer. Check your connection; if it is fine, sign in again, then retry.'
  if (!token) return 'You are not signed in. Sign in, then retry.'
  return over(token) ? 'Your sign-in has expired. Sign in again, then retry.' : 'Your sign-in was not accepted. Sign in again, then retry.'
}

/** Whether a JWT's own time is over, as far as this machine's clock knows. */
function over(token) {
  try {
    const { exp } = JSON.parse(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')))
    return exp * 1000 <= Date.now()
  } catch {
    return false
  }
}

/** Looks at the sign-in before each upload and retry, and after each failure. `token` gives the one that is good now, or a promise of it. */
export function watch(uppy, { api, token }) {
  let looking
  const look = async () => {
    const sentence = await refusal(api, await Promise.resolve().then(token).catch(() => undefined))
    if (sentence) uppy.info(sentence, 'error', SHOWN)
    return sentence
  }
  // Files that fail together share one look, and what it finds is said once.
  const shared = () => (looking ??= look().finally(() => (looking = undefined)))
  uppy.addPreProcessor(async (ids) => {
    const sentence = await shared()
    if (!sentence) return
    // Not thrown: Uppy would take the file for one under way, and never retry it. A file with an error doesn't travel, and can be retried.
    for (const file of ids.map((id) => uppy.getFile(id))) if (file) uppy.emit('upload-error', file, new Refused(sentence))
  })
  uppy.on('upload-error', async (file, error) => {
    if (!file || error instanceof Refused) return
    const sentence = await shared()
    // By now it may have been retried or removed.
    if (!sentence || !uppy.getFile(file.id)?.error) return
    uppy.setFileState(file.id, { error: sentence })
    uppy.setState({ error: sentence })
  })
}

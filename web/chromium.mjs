// Finds Chromium for the tests and the bench of the client, and installs it where that is possible.

import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const log = join(import.meta.dirname, '../target/tools/chromium.log')

const isFile = (path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false

const installed = () => NAMES.flatMap((name) => (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name))).find(isFile)

/** The path of a Chromium. Throws with the next step. */
export function chromiumPath() {
  const named = process.env.SLUICE_CHROMIUM
  if (named && !isFile(named)) throw new Error(`SLUICE_CHROMIUM is ${named}, which is not a file: set the program's full path or unset it`)
  if (named || installed()) return named || installed()
  if (process.getuid() === 0 && isFile('/usr/bin/apt-get')) {
    console.log('  installing Chromium: …')
    mkdirSync(join(log, '..'), { recursive: true })
    const output = openSync(log, 'w')
    const script = 'apt-get update --quiet && apt-get install --quiet --yes --no-install-recommends chromium'
    // An error of apt is in the log; the message below has the next step.
    spawnSync('sh', ['-c', script], { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, stdio: ['ignore', output, output] })
    closeSync(output)
  }
  const found = installed()
  if (!found) throw new Error('the browser tests need Chromium: install it (Debian: apt install chromium) or set SLUICE_CHROMIUM to its path')
  return found
}

/** Options for Playwright's `launch`. Chromium's sandbox does not work as root, the user of CI and containers. */
export const launchOptions = (args = []) => ({ executablePath: chromiumPath(), args: [...args, ...(process.getuid() === 0 ? ['--no-sandbox'] : [])] })

// Whether the API has a route that older deployments lack.

import { SluiceError } from './problem.js'

export class OptionalRoute {
  #state: 'unknown' | 'present' | 'missing' = 'unknown'
  #failures = 0

  get isPresent(): boolean {
    return this.#state === 'present'
  }

  get isMissing(): boolean {
    return this.#state === 'missing'
  }

  found(): void {
    this.#state = 'present'
  }

  /**
   * Whether an error says that the route is missing, so that the caller uses another one. A browser can't read the 404 of
   * such a route, because it has no CORS headers; a single failure can also be a broken connection.
   */
  missedBy(error: unknown): boolean {
    if (this.isPresent || !(error instanceof SluiceError)) return false
    const { status } = error.problem
    if (status === 404 || status === 405 || (error.code === 'unreachable' && (this.#failures += 1) > 1)) this.#state = 'missing'
    return this.isMissing || error.code === 'unreachable'
  }
}

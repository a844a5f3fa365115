// The worker of `@sluice/client/checksum`.

import { computeChecksum } from './checksum-compute.js'
import type { ChecksumAlgorithm } from './types.js'

interface Job {
  readonly id: number
  readonly blob: Blob
  readonly algorithm: ChecksumAlgorithm
}

const scope = globalThis as unknown as { onmessage: (event: { data: Job }) => void; postMessage(answer: { id: number; value?: string; error?: string }): void }

scope.onmessage = ({ data: { id, blob, algorithm } }) => {
  computeChecksum(blob, algorithm).then(
    (value) => scope.postMessage({ id, value }),
    (error: unknown) => scope.postMessage({ id, error: error instanceof Error ? error.name : 'Error' }),
  )
}

// Checksums of blobs. CRCs are computed piece by piece; SHA needs the whole blob in memory, because browsers have no other way.

import type { ChecksumAlgorithm } from './types.js'

const PIECE_BYTES = 1 << 20

export async function computeChecksum(blob: Blob, algorithm: ChecksumAlgorithm): Promise<string> {
  if (algorithm === 'sha1' || algorithm === 'sha256') {
    const name = algorithm === 'sha1' ? 'SHA-1' : 'SHA-256'
    return base64(new Uint8Array(await crypto.subtle.digest(name, await blob.arrayBuffer())))
  }
  const crc = CRCS[algorithm]()
  for (let at = 0; at < blob.size; at += PIECE_BYTES) crc.update(new Uint8Array(await blob.slice(at, at + PIECE_BYTES).arrayBuffer()))
  return base64(crc.digest())
}

const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))

interface Crc {
  update(bytes: Uint8Array): void
  /** Big-endian, as S3 writes it. */
  digest(): Uint8Array
}

/** Reflected polynomials. CRC-64/NVME: https://reveng.sourceforge.io/crc-catalogue/all.htm (read 2026-11). */
const CRCS: Record<'crc32' | 'crc32c' | 'crc64nvme', () => Crc> = {
  crc32: () => crc32(0xedb88320),
  crc32c: () => crc32(0x82f63b78),
  crc64nvme: () => crc64(0x9a6c9329, 0xac4bc9b5),
}

function crc32(polynomial: number): Crc {
  const table = new Uint32Array(256)
  for (let index = 0; index < 256; index += 1) {
    let value = index
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1
    table[index] = value
  }
  let crc = 0xffffffff
  return {
    update(bytes) {
      let value = crc
      for (let at = 0; at < bytes.length; at += 1) value = (value >>> 8) ^ table[(value ^ bytes[at]!) & 0xff]!
      crc = value
    },
    digest: () => words(~crc >>> 0),
  }
}

/** The two halves of a 64-bit CRC are kept apart, because BigInt is many times slower. */
function crc64(polynomialHigh: number, polynomialLow: number): Crc {
  const tableHigh = new Uint32Array(256)
  const tableLow = new Uint32Array(256)
  for (let index = 0; index < 256; index += 1) {
    let [high, low] = [0, index]
    for (let bit = 0; bit < 8; bit += 1) {
      const carry = low & 1
      low = (low >>> 1) | (high << 31)
      high >>>= 1
      if (carry) [high, low] = [high ^ polynomialHigh, low ^ polynomialLow]
    }
    tableHigh[index] = high
    tableLow[index] = low
  }
  let [crcHigh, crcLow] = [-1, -1]
  return {
    update(bytes) {
      let [high, low] = [crcHigh, crcLow]
      for (let at = 0; at < bytes.length; at += 1) {
        const index = (low ^ bytes[at]!) & 0xff
        low = ((low >>> 8) | (high << 24)) ^ tableLow[index]!
        high = (high >>> 8) ^ tableHigh[index]!
      }
      crcHigh = high
      crcLow = low
    },
    digest: () => words(~crcHigh >>> 0, ~crcLow >>> 0),
  }
}

function words(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4))
  values.forEach((value, index) => view.setUint32(index * 4, value))
  return new Uint8Array(view.buffer)
}

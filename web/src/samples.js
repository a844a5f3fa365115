// Files to try the page with, made in the page.

/** A small picture. */
export async function picture() {
  const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 })
  const context = canvas.getContext('2d')
  const sky = context.createLinearGradient(0, 0, 0, 240)
  sky.addColorStop(0, '#ffb35c')
  sky.addColorStop(0.6, '#f6d7a7')
  sky.addColorStop(0.6, '#1c5d8f')
  sky.addColorStop(1, '#0d2f4f')
  context.fillStyle = sky
  context.fillRect(0, 0, 320, 240)
  context.fillStyle = '#fff3d6'
  context.arc(220, 90, 34, 0, 7)
  context.fill()
  const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'))
  return new File([blob], 'sunset.png', { type: 'image/png' })
}

/** The headers of a Windows program, with the name of a picture. It does nothing. */
export function renamedProgram() {
  const bytes = new Uint8Array(512)
  const text = (at, value) => bytes.set(new TextEncoder().encode(value), at)
  text(0, 'MZ')
  // Where the PE header begins, then the header: machine, one section, size and flags of the optional header.
  bytes[0x3c] = 0x80
  text(0x80, 'PE\0\0')
  bytes.set([0x64, 0x86, 1, 0], 0x84)
  bytes.set([0xf0, 0, 0x22, 0], 0x94)
  bytes.set([0x0b, 0x02], 0x98)
  return new File([bytes], 'invoice.png', { type: 'image/png' })
}

/** A picture of a fifth more than the class allows. The client refuses it by its size, so its bytes are not needed. */
export function tooLarge({ allow }) {
  const max = Math.max(...allow.filter(({ extensions }) => extensions.length === 0 || extensions.includes('png')).map((rule) => rule.max), 0)
  return { name: 'poster.png', type: 'image/png', size: Math.ceil(max * 1.2), slice: () => new Blob() }
}

// The area where files are chosen or dropped.

/** Calls `onFiles` with the files that are chosen, dropped anywhere on the page, or pasted. */
export function acceptFiles({ area, input, onFiles }) {
  input.addEventListener('change', () => {
    const files = [...input.files]
    // The same file can be chosen again.
    input.value = ''
    onFiles(files)
  })
  const carriesFiles = ({ dataTransfer }) => dataTransfer?.types.includes('Files')
  let depth = 0
  const highlight = (change) => area.classList.toggle('over', (depth = Math.max(0, depth + change)) > 0)
  addEventListener('dragenter', (event) => carriesFiles(event) && highlight(1))
  addEventListener('dragleave', (event) => carriesFiles(event) && highlight(-1))
  addEventListener('dragover', (event) => carriesFiles(event) && event.preventDefault())
  addEventListener('drop', (event) => {
    if (!carriesFiles(event)) return
    // The browser would open the file in place of the page.
    event.preventDefault()
    highlight(-depth)
    onFiles([...event.dataTransfer.files])
  })
  addEventListener('paste', ({ clipboardData }) => clipboardData.files.length > 0 && onFiles([...clipboardData.files]))
}

/** The value of `accept` for the file dialog: extensions and types of the class, or everything. */
export function acceptOf(limits) {
  const isOpen = limits.allow.some(({ extensions }) => extensions.length === 0)
  return isOpen ? '' : limits.allow.flatMap(({ extensions }) => extensions.map((extension) => `.${extension}`)).join(',')
}

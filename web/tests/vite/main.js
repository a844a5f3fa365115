// A page that uploads with the example of README.md.

import { api, token, upload } from 'virtual:example'

const status = document.querySelector('[role=status]')
document.querySelector('input').onchange = async ({ target }) => {
  const [file] = target.files
  try {
    const record = await upload(api, token, file)
    status.textContent = `${record.filename}: ${record.status}`
  } catch ({ message }) {
    status.textContent = `${file.name}: ${message}`
  }
}

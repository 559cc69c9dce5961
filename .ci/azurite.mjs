// azurite.mjs MODULES: runs Azurite, the emulator of Azure Blob Storage, in
// memory and on a free loopback port, makes the container "blobs", prints how to
// connect, and ends when its standard input does.
import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { createInterface } from 'node:readline'

const account = 'devstoreaccount1' // the one that every Azurite has, with its key, which is no secret
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='
const main = `${process.argv[2]}/node_modules/azurite/dist/src/blob/main.js`
const azurite = spawn(process.execPath, [main, '--inMemoryPersistence', '--blobHost', '127.0.0.1', '--blobPort', '0', '--silent', '--skipApiVersionCheck', '--disableTelemetry'],
  { stdio: ['ignore', 'pipe', 'inherit'] })

// create makes a container, signing as Azure's shared keys do.
async function create(url, container) {
  const date = new Date().toUTCString()
  const said = `PUT${'\n'.repeat(12)}x-ms-date:${date}\nx-ms-version:2021-12-02\n/${account}/${account}/${container}\nrestype:container`
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(said).digest('base64')
  const answer = await fetch(`${url}/${account}/${container}?restype=container`, {
    method: 'PUT', headers: { 'x-ms-date': date, 'x-ms-version': '2021-12-02', authorization: `SharedKey ${account}:${signature}` },
  })
  if (!answer.ok) throw new Error(`create container: ${answer.status} ${await answer.text()}`)
}

let listens = false
createInterface({ input: azurite.stdout }).on('line', async line => {
  const url = line.match(/http:\/\/127\.0\.0\.1:\d+/)?.[0]
  if (listens || !url || !line.includes('successfully listen')) return
  listens = true
  try {
    await create(url, 'blobs')
    console.log(`DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key};BlobEndpoint=${url}/${account};`)
  } catch (err) {
    console.error(err.message)
    azurite.kill()
  }
})
azurite.on('exit', () => process.exit(1))
process.stdin.on('end', () => azurite.kill()).resume()
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => azurite.kill())

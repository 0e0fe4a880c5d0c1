import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../command.ts'
import { type ImageFile, type ImageSpec, writeOciLayout } from './oci-layout.ts'

export const PAUSE_IMAGE = 'skiff.local/pause:1'
export const BUSYBOX_IMAGE = 'skiff.local/busybox:1'
export const HELLO_IMAGE = 'skiff.local/hello:1'

const BUSYBOX = '/bin/busybox'
/** Serves one line about the Pod it runs in, and goes when it is told to (as PID 1 httpd alone would not). */
const HELLO_SCRIPT = `#!/bin/sh
mkdir -p /www
echo "\${POD_NAME:-$(hostname)} \${NODE_NAME:-?} \${POD_IP:-?}" > /www/index.html
httpd -f -p 8080 -h /www &
trap 'kill $!; exit 0' TERM INT
wait
`

/**
 * Makes the lab's images from Debian's busybox-static as OCI layouts in `dir`, those that are not there yet. Nothing is
 * pulled. Returns the archives' paths.
 */
export async function makeLabImages(dir: string): Promise<string[]> {
  await mkdir(dir, { recursive: true })
  const busybox = await busyboxFiles()
  const images: [string, () => Promise<ImageSpec>][] = [
    ['pause.tar', () => pauseImage(dir)],
    [
      'busybox.tar',
      async () => ({ reference: BUSYBOX_IMAGE, files: busybox, config: { Cmd: ['sh'], ...PATH_ENV } }),
    ],
    ['hello.tar', async () => helloImage(busybox)],
  ]
  return Promise.all(
    images.map(async ([file, spec]) => {
      const path = join(dir, file)
      if (!existsSync(path)) await writeOciLayout(path, await spec())
      return path
    }),
  )
}

const PATH_ENV = { Env: ['PATH=/bin'] }

async function busyboxFiles(): Promise<ImageFile[]> {
  const content = await readFile(BUSYBOX).catch(() => {
    throw new Error(`${BUSYBOX} is not there: apt-get install busybox-static`)
  })
  const applets = (await run(BUSYBOX, ['--list'])).trim().split('\n')
  const directories = ['bin', 'etc', 'proc', 'root', 'sys', 'tmp', 'var', 'www', 'dev']
  return [
    ...directories.map(path => ({ path, directory: true as const, ...(path === 'tmp' && { mode: 0o1777 }) })),
    { path: 'bin/busybox', content, mode: 0o755 },
    ...applets.filter(name => name !== 'busybox').map(name => ({ path: `bin/${name}`, linkTo: 'busybox' })),
    {
      path: 'etc/passwd',
      content: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
    },
    { path: 'etc/group', content: 'root:x:0:\nnogroup:x:65534:\n' },
  ]
}

function helloImage(busybox: ImageFile[]): ImageSpec {
  return {
    reference: HELLO_IMAGE,
    files: [...busybox, { path: 'bin/hello', content: HELLO_SCRIPT, mode: 0o755 }],
    config: { Entrypoint: ['/bin/hello'], ExposedPorts: { '8080/tcp': {} }, ...PATH_ENV },
  }
}

async function pauseImage(dir: string): Promise<ImageSpec> {
  const binary = join(dir, 'pause')
  await run('gcc', [
    '-Os',
    '-static',
    '-s',
    '-o',
    binary,
    fileURLToPath(new URL('./pause.c', import.meta.url)),
  ])
  return {
    reference: PAUSE_IMAGE,
    files: [{ path: 'pause', content: await readFile(binary), mode: 0o755 }],
    config: { Entrypoint: ['/pause'], User: '65535:65535' },
  }
}

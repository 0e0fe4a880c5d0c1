import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { stringify } from 'yaml'
import { readNodeConfiguration } from '../../../node/agent/config.ts'

let dir: string
test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-config-'))
})
test.after.always(() => rm(dir, { recursive: true, force: true }))

const BASE = {
  apiVersion: 'node.skiff.dev/v1alpha1',
  kind: 'NodeConfiguration',
  nodeName: 'node-a',
  nodeAddress: '192.0.2.1',
  dataDir: 'data',
  kubeconfig: 'kubelet.kubeconfig',
  networkKubeconfig: 'network.kubeconfig',
  server: { certFile: 'tls.crt', keyFile: 'tls.key', clientCAFile: 'ca.crt' },
  runtime: { name: 'containerd' },
  cni: { confDir: '/etc/cni/net.d', binDir: '/opt/cni/bin' },
}

async function read(name: string, more: object) {
  const path = join(dir, `${name}.yaml`)
  await writeFile(path, stringify({ ...BASE, ...more }))
  return readNodeConfiguration(path)
}

test('a configuration names further runtimes and settings of the kubelet', async t => {
  const config = await read('whole', {
    runtimes: { other: { name: 'cri', config: { socket: '/run/other.sock' } } },
    kubelet: { evictionHard: { 'memory.available': '200Mi' }, containerLogMaxFiles: 3 },
  })
  t.is(config.runtimes!.other!.name, 'cri')
  t.is(config.kubelet!.containerLogMaxFiles, 3)
  t.is(config.dataDir, join(dir, 'data'))
})

test('a field that there is not and a value that is none are told by file, field and value', async t => {
  await t.throwsAsync(read('unknown', { kubelet: { evictHard: {} } }), {
    message: /unknown\.yaml: kubelet\.evictHard .* must not have additional properties/,
  })
  await t.throwsAsync(read('wrong', { kubelet: { containerLogMaxFiles: 'many' } }), {
    message: /wrong\.yaml: kubelet\.containerLogMaxFiles must be integer \(found "many"\)/,
  })
})

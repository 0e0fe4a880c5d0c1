import test from 'ava'
import containerd from '../../../cri/containerd/plugin.ts'
import { BUSYBOX_IMAGE } from '../../../lab/images/lab-images.ts'
import { quietLog } from '../../helpers/log.ts'
import { startTestMachine } from '../../helpers/machine.ts'
import { testRuntime } from '../runtime-contract.ts'

testRuntime(test, async () => {
  const machine = await startTestMachine()
  const stopping = new AbortController()
  const runtime = await containerd.start({
    name: 'containerd',
    config: { socket: machine.socket },
    log: quietLog,
    signal: stopping.signal,
    dataDir: machine.dir,
  })
  return {
    runtime,
    image: BUSYBOX_IMAGE,
    logDirectory: `${machine.dir}/logs`,
    async stop() {
      stopping.abort()
      await machine.stop()
    },
  }
})

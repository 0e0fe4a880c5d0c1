import test from 'ava'
import { startTestNode, type TestNode } from '../../../helpers/kubelet.ts'
import { isReady, shell } from '../../../helpers/pod-parts.ts'

let node: TestNode
test.before(async () => {
  node = await startTestNode({
    containerLogMaxSize: '20Ki',
    containerLogMaxFiles: 3,
    containerLogMonitorInterval: '100ms',
  })
})
test.after.always(() => node?.stop())

/** About 200 KiB in two seconds, then a line now and then: a log is empty after it was moved away. */
const script = [
  'i=0',
  'while [ $i -lt 2000 ]; do i=$((i+1))',
  'echo "line $i of a log that grows and grows and grows"',
  '[ $((i % 50)) = 0 ] && sleep 0.05',
  'done',
  'while :; do i=$((i+1)); echo "line $i of a log that grows and grows and grows"; sleep 0.2; done',
].join('\n')

test.serial(
  'a log that has grown is moved away, the last ones are kept, and it can be read all along',
  async t => {
    await node.createPod('chatty', { containers: [shell('main', script)] })
    const pod = await node.waitForPod('chatty', isReady)
    const folder = `${node.machine.dir}/kubelet/pod-logs/default_chatty_${pod.metadata.uid}/main`
    const files = async (): Promise<string[]> =>
      (await node.machine.run('ls', folder)).trim().split('\n').sort()
    const deadline = Date.now() + 120_000
    let seen = await files()
    const isDone = async (): Promise<boolean> => {
      const { text } = await node.ask('/containerLogs/default/chatty/main?tailLines=1')
      return Number(/^line (\d+) of a log/.exec(text)?.[1]) >= 2000
    }
    while (!seen.some(name => name.endsWith('.gz')) || !(await isDone())) {
      if (Date.now() > deadline) return t.fail(`no compressed log among ${seen}`)
      seen = await files()
      t.true(seen.filter(name => !name.endsWith('.tmp')).length <= 4, String(seen))
    }
    t.true(seen.includes('0.log'))
    t.true(seen.some(name => /^0\.log\.\d{8}-\d{6}/.test(name)))
    const { text } = await node.ask('/containerLogs/default/chatty/main?tailLines=3')
    const numbers = text
      .trim()
      .split('\n')
      .map(line => Number(/^line (\d+) of a log/.exec(line)?.[1]))
    // More may be written while it is read; fewer are in a log that was begun anew a moment ago.
    t.true(numbers.length >= 1)
    t.deepEqual(
      numbers,
      Array.from(numbers, (_, i) => numbers[0]! + i),
    )
    const compressed = seen.find(name => name.endsWith('.gz'))!
    t.regex(
      await node.machine.run('sh', '-c', `zcat ${folder}/${compressed} | head -1`),
      / stdout F line \d+/,
    )
  },
)

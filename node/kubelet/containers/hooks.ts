import type { Container } from '../../../api/kinds/types.ts'
import type { RuntimePlugin } from '../../../plugins/runtime.ts'
import { type Exec, runProbe } from '../probes/check.ts'

type Hook = NonNullable<NonNullable<Container['lifecycle']>['preStop']>

interface HookTarget {
  runtime: RuntimePlugin
  containerId: string
  container: Container
  podIP: string
}

/** Seconds a hook may take when nothing else limits it. */
const LONGEST_HOOK = 3_600

/** Commands in a container, as probes and hooks run them. */
export function execIn(runtime: RuntimePlugin, containerId: string): Exec {
  return async (command, timeout) => {
    if (!runtime.execSync) throw new Error('the container runtime cannot run commands')
    const { stdout, stderr, exitCode } = await runtime.execSync(containerId, command, timeout)
    return { output: Buffer.concat([stdout, stderr]).toString(), exitCode }
  }
}

/** Runs a postStart or preStop hook to its end. Throws when it fails. */
export async function runHook(hook: Hook, target: HookTarget, seconds = LONGEST_HOOK): Promise<void> {
  const { sleep } = hook as { sleep?: { seconds: number } }
  if (sleep) {
    await new Promise(resolve => setTimeout(resolve, Math.min(sleep.seconds, seconds) * 1000))
    return
  }
  const probe = {
    timeoutSeconds: seconds,
    ...(hook.exec && { exec: hook.exec }),
    ...(hook.httpGet && { httpGet: hook.httpGet }),
    ...(hook.tcpSocket && { tcpSocket: hook.tcpSocket }),
  }
  const exec = execIn(target.runtime, target.containerId)
  const { ok, message } = await runProbe(probe, target.container, target.podIP, exec)
  if (!ok) throw new Error(message || 'the command failed')
}

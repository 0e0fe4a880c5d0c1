import type { RuntimePlugin } from '../plugins/runtime.ts'
import { type Channel, isNotFound } from './channel.ts'

/** Deadlines in milliseconds, as a stock kubelet's `runtimeRequestTimeout`; pulls take as long as they take. */
const CALL = 120_000
const QUICK = 10_000
const PULL = 3_600_000
/** Seconds of grace when a stop that failed is repeated. */
const AGAIN = 2

/** A CRI v1 endpoint as a runtime plugin: all but the event stream, which depends on the runtime. */
export function createCriClient(channel: Channel): RuntimePlugin {
  const runtime = (method: string, request: object, timeout = CALL): Promise<any> =>
    channel.call('RuntimeService', method, request, timeout)
  const image = (method: string, request: object, timeout = CALL, signal?: AbortSignal): Promise<any> =>
    channel.call('ImageService', method, request, timeout, signal)
  const stopOnce = (containerId: string, timeout: number): Promise<void> =>
    runtime('StopContainer', { containerId, timeout }, timeout * 1_000 + CALL)
  /** containerd fails to stop what ends by itself at the same moment ("ttrpc: closed"): then there is nothing to do. */
  const stopAgain = async (containerId: string, error: Error): Promise<void> => {
    const { state } = await client.containerStatus(containerId)
    if (state === 'CONTAINER_RUNNING') await stopOnce(containerId, AGAIN).catch(() => Promise.reject(error))
  }
  const client: RuntimePlugin = {
    version: () => runtime('Version', {}, QUICK),
    status: async () => (await runtime('Status', {}, QUICK)).status,
    runPodSandbox: async (config, runtimeHandler) =>
      (await runtime('RunPodSandbox', { config, runtimeHandler }, 2 * CALL)).podSandboxId,
    stopPodSandbox: podSandboxId => runtime('StopPodSandbox', { podSandboxId }).then(ignore, ignoreNotFound),
    removePodSandbox: podSandboxId =>
      runtime('RemovePodSandbox', { podSandboxId }).then(ignore, ignoreNotFound),
    podSandboxStatus: async podSandboxId => (await runtime('PodSandboxStatus', { podSandboxId })).status,
    listPodSandbox: async (filter = {}) => (await runtime('ListPodSandbox', { filter })).items,
    createContainer: async (podSandboxId, config, sandboxConfig) =>
      (await runtime('CreateContainer', { podSandboxId, config, sandboxConfig })).containerId,
    startContainer: containerId => runtime('StartContainer', { containerId }),
    stopContainer: (containerId, timeout) =>
      stopOnce(containerId, timeout).catch(error => {
        if (isNotFound(error)) return
        return stopAgain(containerId, error)
      }),
    removeContainer: containerId => runtime('RemoveContainer', { containerId }).then(ignore, ignoreNotFound),
    containerStatus: async containerId => (await runtime('ContainerStatus', { containerId })).status,
    listContainers: async (filter = {}) => (await runtime('ListContainers', { filter })).containers,
    imageStatus: async name => (await image('ImageStatus', { image: { image: name } })).image ?? undefined,
    pullImage: async (name, auth, signal) =>
      (await image('PullImage', { image: { image: name }, ...(auth && { auth }) }, PULL, signal)).imageRef,
    listImages: async () => (await image('ListImages', {})).images,
    removeImage: name => image('RemoveImage', { image: { image: name } }).then(ignore, ignoreNotFound),
    execSync: (containerId, cmd, timeout) =>
      runtime('ExecSync', { containerId, cmd, timeout }, timeout > 0 ? timeout * 1_000 + QUICK : PULL),
    exec: async (containerId, cmd, streams) => (await runtime('Exec', { containerId, cmd, ...streams })).url,
    attach: async (containerId, streams) => (await runtime('Attach', { containerId, ...streams })).url,
    portForward: async (podSandboxId, port) => (await runtime('PortForward', { podSandboxId, port })).url,
    reopenContainerLog: containerId => runtime('ReopenContainerLog', { containerId }),
    updateContainerResources: (containerId, linux) =>
      runtime('UpdateContainerResources', { containerId, linux }),
    listContainerStats: async (filter = {}) => (await runtime('ListContainerStats', { filter })).stats,
    listPodSandboxStats: async (filter = {}) => (await runtime('ListPodSandboxStats', { filter })).stats,
    imageFsInfo: async () => (await image('ImageFsInfo', {})).imageFilesystems.map(toFilesystem),
  }
  return client
}

const ignore = (): void => {}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error
}

interface WireFilesystem {
  fsId?: { mountpoint: string }
  usedBytes?: { value: number }
  inodesUsed?: { value: number }
}

const toFilesystem = ({ fsId, usedBytes, inodesUsed }: WireFilesystem) => ({
  mountpoint: fsId?.mountpoint ?? '',
  usedBytes: usedBytes?.value ?? 0,
  inodesUsed: inodesUsed?.value ?? 0,
})

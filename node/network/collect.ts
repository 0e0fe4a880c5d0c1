import { forget, type Reservation, reservations } from '../../cni/plugins/host-local.ts'
import { cniPlugins } from '../../cni/plugins/table.ts'
import { runPlugin } from '../../cni/skel.ts'
import type { NetworkConfig } from '../../cni/wire/types.ts'

/** What of a CNI configuration list is needed here. */
export interface Conflist {
  cniVersion: string
  name: string
  plugins: (Partial<NetworkConfig> & { type: string })[]
}

/** A runtime lists a sandbox some time after it networked it: so long an attachment counts as wanted (milliseconds). */
const UNLISTED = 120_000

/**
 * Takes back the attachments that no sandbox holds, for runtimes that do not call CNI's GC: each by a DEL of its own, so
 * that nothing can happen to what is being added meanwhile. The list of sandboxes is made after the list of attachments
 * for the same reason.
 */
export async function collectAttachments(
  conflist: Conflist,
  listSandboxes: () => Promise<string[]>,
  now = Date.now(),
): Promise<void> {
  const owner = conflist.plugins.find(({ ipam }) => ipam?.type === 'skiff-host-local')
  if (!owner) return
  const { cniVersion, name } = conflist
  const config: NetworkConfig = { ...owner, cniVersion, name }
  const old = reservations({ config }).filter(({ since }) => now - since > UNLISTED)
  if (old.length === 0) return
  const alive = new Set(await listSandboxes())
  for (const reservation of old) {
    if (reservation.containerId === '') forget({ config }, reservation.address)
    else if (!alive.has(reservation.containerId)) await detach(conflist, reservation)
  }
}

async function detach(
  { cniVersion, name, plugins }: Conflist,
  { containerId, ifname }: Reservation,
): Promise<void> {
  const env = { CNI_COMMAND: 'DEL', CNI_CONTAINERID: containerId, CNI_IFNAME: ifname, CNI_PATH: '/' }
  for (const plugin of plugins.toReversed()) {
    const found = cniPlugins[plugin.type]
    if (!found) continue
    const { exitCode, stdout } = await runPlugin(found, {
      env,
      stdin: JSON.stringify({ ...plugin, cniVersion, name }),
    })
    if (exitCode !== 0) throw new Error(`CNI DEL of ${containerId} by ${plugin.type}: ${stdout}`)
  }
}

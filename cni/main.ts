/** The plain CNI executable: one process a call. Its first argument is the plugin's name. */
import { text } from 'node:stream/consumers'
import { cniPlugins } from './plugins/table.ts'
import { runPlugin } from './skel.ts'

const plugin = cniPlugins[process.argv[2] ?? '']
if (!plugin) {
  console.error(
    `usage: skiff-cni PLUGIN (one of ${Object.keys(cniPlugins).join(', ')}), called by a CNI runtime`,
  )
  process.exit(2)
}
const { stdout, exitCode } = await runPlugin(plugin, { env: process.env, stdin: await text(process.stdin) })
process.stdout.write(stdout, () => process.exit(exitCode))

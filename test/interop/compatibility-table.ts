import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const FILE = join(import.meta.dirname, '../../docs/compatibility.md')
const INTRODUCTION = `# Clients that were seen to work

This page is written by \`test/interop\`, which is a part of \`npm test\`: each command is run by each version, against the
API server with its controllers and a node that only says that it runs Pods, and what it prints is checked. A command that
fails ends the test, so there is no third mark.

✓ works · – this version of the client does not have the command, has it with other flags only, or asks for versions of
APIs that Kubernetes 1.34 does not serve

Commands that reach into a container (\`exec\`, \`attach\`, \`logs\`, \`cp\`, \`port-forward\`, \`proxy\` to Pods) need real nodes
and are run by the end-to-end tests. \`top\` needs a metrics server, \`plugin\`, \`completion\` and \`kustomize\` ask no server.
`

/** Which commands of a client were run, and by which of its versions. */
export class Compatibility {
  #rows = new Map<string, Map<string, Set<string>>>()

  note(client: string, version: string, command: string): void {
    const rows = this.#rows.get(client) ?? new Map()
    this.#rows.set(client, rows)
    rows.set(command, (rows.get(command) ?? new Set()).add(version))
  }

  /**
   * Writes the page if it would change, and if every version was run (`ava --match` runs some). `clients` with their
   * versions and commands, in the order of the page.
   */
  async write(clients: { client: string; versions: string[]; commands: string[] }[]): Promise<void> {
    const hasRun = (client: string, version: string): boolean =>
      [...(this.#rows.get(client)?.values() ?? [])].some(versions => versions.has(version))
    if (!clients.every(({ client, versions }) => versions.every(version => hasRun(client, version)))) return
    const sections = clients.map(({ client, versions, commands }) => {
      const rows = [...new Set(commands)].map(command => [
        `\`${command}\``,
        ...versions.map(version => (this.#rows.get(client)?.get(command)?.has(version) ? '✓' : '–')),
      ])
      const lines = [[client, ...versions], ['---', ...versions.map(() => ':-:')], ...rows]
      return `${lines.map(cells => `| ${cells.join(' | ')} |`).join('\n')}\n`
    })
    const text = [INTRODUCTION, ...sections].join('\n')
    if (text !== (await readFile(FILE, 'utf8').catch(() => ''))) await writeFile(FILE, text)
  }
}

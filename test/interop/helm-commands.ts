import type { Command } from './command.ts'

/** What people do with Helm, in order. */
export const helmCommands: Command[] = [
  {
    name: 'install --dry-run=server',
    run: 'install hello CHART --dry-run=server',
    expect: /greeting: "hello"/,
  },
  { name: 'install', run: 'install hello CHART --wait --timeout=180s', expect: /STATUS: deployed/ },
  { name: 'list', run: 'list', expect: /hello\s+\S+\s+1\s/ },
  { name: 'status', run: 'status hello', expect: /STATUS: deployed/ },
  { name: 'get values, manifest', run: 'get manifest hello', expect: /kind: Deployment/ },
  {
    name: 'upgrade',
    run: 'upgrade hello CHART --set greeting=moin,replicas=2 --wait --timeout=180s',
    expect: /REVISION: 2/,
  },
  { name: 'get values, manifest', run: 'get values hello', expect: /greeting: moin/ },
  { name: 'history', run: 'history hello', expect: /superseded[\s\S]*deployed/ },
  { name: 'rollback', run: 'rollback hello 1 --wait --timeout=180s', expect: /Rollback was a success/ },
  { name: 'get values, manifest', run: 'get manifest hello', expect: /greeting: "hello"/ },
  { name: 'upgrade --install', run: 'upgrade --install second CHART', expect: /STATUS: deployed/ },
  {
    name: 'install --server-side=false',
    run: 'install third CHART --server-side=false',
    expect: /STATUS: deployed/,
  },
  { name: 'uninstall', run: 'uninstall hello second third', expect: /release "hello" uninstalled/ },
]

/**
 * Holds the direction of imports (docs/architecture.md, "Folders"): reads every source file's relative imports and lists
 * those that go where they must not.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const MAY_IMPORT: Record<string, string[]> = {
  'api/meta': [],
  'api/kinds': ['api/meta'],
  'api/schema': ['api/meta', 'api/kinds'],
  'api/client': ['api/meta', 'api/kinds', 'api/schema'],
  'api/streaming': [],
  plugins: ['api'],
  cni: ['plugins', 'api'],
  cri: ['plugins', 'api'],
  'control-plane': ['plugins', 'api'],
  node: ['cri', 'cni', 'plugins', 'api'],
  lab: ['api', 'plugins', 'cni', 'cri', 'control-plane', 'node'],
  cli: ['api', 'plugins', 'cni', 'cri', 'control-plane', 'node', 'lab'],
}

/** Packages that one place alone may use, because it works round their quirks. */
const ONE_PLACE: Record<string, string> = {
  netlink: 'cni/netlink',
  '@peculiar/x509': 'control-plane/auth',
}

const AREAS = Object.keys(MAY_IMPORT)
const root = process.cwd()

const areaOf = (path: string): string | undefined => AREAS.find(area => path.startsWith(`${area}/`))

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => relative(root, join(entry.parentPath, entry.name)))
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^'"\n]*?(?:\n[^'"]*?)?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g
  return [...text.matchAll(pattern)].map(match => (match[1] ?? match[2])!)
}

/** `netlink` of `netlink/dist/raw.js`, `@peculiar/x509` of itself. */
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

function faults(file: string): string[] {
  const area = areaOf(file)
  if (!area) return []
  return importsOf(file).flatMap(specifier => {
    const home = ONE_PLACE[packageOf(specifier)]
    if (home) return file.startsWith(`${home}/`) ? [] : [`${file}: only ${home} may import ${specifier}`]
    if (!specifier.startsWith('.')) return []
    const target = areaOf(relative(root, join(root, dirname(file), specifier)))
    if (!target || target === area) return []
    const isAllowed = MAY_IMPORT[area]!.some(
      allowed => target === allowed || target.startsWith(`${allowed}/`),
    )
    return isAllowed ? [] : [`${file}: ${area} must not import ${target} (${specifier})`]
  })
}

const found = [...new Set(AREAS.map(area => area.split('/')[0]!))].flatMap(sourceFiles).flatMap(faults)
for (const fault of found) console.error(fault)
if (found.length > 0) process.exit(1)
console.log('imports go the right way')

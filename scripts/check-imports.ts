/**
 * Holds the direction of imports (docs/architecture.md, "Folders"): reads every source file's relative imports and lists
 * those that go where they must not, and files that import each other in a circle.
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

/** Packages that stay outside the bundle (scripts/bundle.ts). */
const OUTSIDE = new Set(['netlink', 'koffi', 'node-pty', 'esbuild'])

/**
 * Packages that are imported at run time: of one in CommonJS, `import('…')` gives no names in the bundle. A file of ours
 * that imports it is to be loaded late instead.
 */
const latePackages = (file: string): string[] =>
  Array.from(
    readFileSync(join(root, file), 'utf8').matchAll(/\bimport\(\s*['"]((?!\.|node:)[^'"]+)['"]\s*\)/g),
    match => match[1]!,
  )
    .filter(name => !OUTSIDE.has(name))
    .map(name => `${file}: import('${name}') gives no names in the bundle: load a file late that imports it`)

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

/** Files that import each other in a circle (Tarjan's strongly connected components): none can be read without the rest. */
function circles(files: string[]): string[] {
  const seen = new Map<string, { index: number; low: number }>()
  const path: string[] = []
  const found: string[] = []
  const visit = (file: string): { index: number; low: number } => {
    const node = { index: seen.size, low: seen.size }
    seen.set(file, node)
    path.push(file)
    for (const next of targetsOf(file)) {
      if (!seen.has(next)) node.low = Math.min(node.low, visit(next).low)
      else if (path.includes(next)) node.low = Math.min(node.low, seen.get(next)!.index)
    }
    if (node.low === node.index) {
      const circle = path.splice(path.indexOf(file))
      if (circle.length > 1) found.push(`circle: ${circle.join(' ↔ ')}`)
    }
    return node
  }
  for (const file of files) if (!seen.has(file)) visit(file)
  return found
}

const targetsOf = (file: string): string[] =>
  importsOf(file)
    .filter(specifier => specifier.startsWith('.') && specifier.endsWith('.ts'))
    .map(specifier => relative(root, join(root, dirname(file), specifier)))

const files = [...new Set(AREAS.map(area => area.split('/')[0]!))].flatMap(sourceFiles)
const found = [...files.flatMap(faults), ...files.flatMap(latePackages), ...circles(files)]
for (const fault of found) console.error(fault)
if (found.length > 0) process.exit(1)
console.log('imports go the right way')

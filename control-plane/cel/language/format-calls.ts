import { type Clause, clausesOf, TAKEN } from '../functions/string-format.ts'
import type { Checked } from './checker.ts'
import { type Call, childrenOf, type Expression, type Issue, type List } from './syntax.ts'
import type { Kind, Type } from './types.ts'

/** What is wrong with calls of `format` whose format and values are written out. */
export function checkFormats(checked: Checked): Issue[] {
  const issues: Issue[] = []
  const visit = (node: Expression): void => {
    if (node.op === 'call') issues.push(...checkCall(node, checked))
    for (const child of childrenOf(node)) visit(child)
  }
  visit(checked.root)
  return issues
}

function checkCall(call: Call, { types }: Checked): Issue[] {
  const { name, target, args, at } = call
  const [list] = args
  if (name !== 'format' || target?.op !== 'literal' || list?.op !== 'list') return []
  try {
    return checkClauses([...clausesOf(String(target.value))], list, types, at)
  } catch (error) {
    return [{ at, message: (error as Error).message }]
  }
}

function checkClauses(
  parts: (string | Clause)[],
  { items }: List,
  types: Checked['types'],
  at: number,
): Issue[] {
  const clauses = parts.filter(part => typeof part !== 'string')
  for (const [i, { verb }] of clauses.entries()) {
    const item = items[i]
    if (!item) return [{ at, message: `index ${i} out of range` }]
    const wrong = firstWrong(verb, item, types)
    if (wrong)
      return [
        {
          at: wrong.at,
          message: `error during formatting: ${TAKEN[verb]}, was given ${nameOf(types.get(wrong)!)}`,
        },
      ]
  }
  if (items.length <= clauses.length) return []
  return [
    {
      at,
      message: `too many arguments supplied to string.format (expected ${clauses.length}, got ${items.length})`,
    },
  ]
}

const nameOf = (type: Type): string => (type.kind === 'null' ? 'null_type' : type.name)

const TYPES: Record<string, readonly Kind[]> = {
  s: [
    'string',
    'bool',
    'bytes',
    'int',
    'uint',
    'double',
    'map',
    'list',
    'type',
    'duration',
    'timestamp',
    'null',
  ],
  d: ['int', 'uint'],
  // Texts too: `NaN` and `Infinity` are written as such.
  f: ['double', 'string'],
  e: ['double', 'string'],
  b: ['int', 'uint', 'bool'],
  o: ['int', 'uint'],
  x: ['int', 'uint', 'string', 'bytes'],
  X: ['int', 'uint', 'string', 'bytes'],
}

/** The part of a value that a clause does not take. */
function firstWrong(verb: string, item: Expression, types: Checked['types']): Expression | undefined {
  const { kind } = types.get(item)!
  if (kind === 'dyn' || kind === 'param' || kind === 'error') return undefined
  if (!TYPES[verb]!.includes(kind)) return item
  if (verb !== 's' || (item.op !== 'list' && item.op !== 'map')) return undefined
  for (const part of childrenOf(item)) {
    const wrong = firstWrong(verb, part, types)
    if (wrong) return wrong
  }
  return undefined
}

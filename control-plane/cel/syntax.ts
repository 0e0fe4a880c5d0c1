/** A node as far as it is looked at here. */
export interface AstNode {
  op: string
  args: any
  input: string
  start: number
  end: number
}

const isNode = (value: unknown): value is AstNode =>
  typeof value === 'object' && value !== null && 'op' in value

/** The nodes directly below one. */
export function childrenOf(node: AstNode): AstNode[] {
  const inside = (value: unknown): AstNode[] => {
    if (isNode(value)) return [value]
    return Array.isArray(value) ? value.flatMap(inside) : []
  }
  return inside(node.args)
}

/** Whether an expression speaks of a variable. */
export const usesVariable = (node: AstNode, name: string): boolean =>
  (node.op === 'id' && node.args === name) || childrenOf(node).some(child => usesVariable(child, name))

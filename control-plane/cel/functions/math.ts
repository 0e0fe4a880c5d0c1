import { addNamespace, type Register } from './types.ts'

type Numeric = bigint | number

const greatest = (first: Numeric, ...others: Numeric[]): Numeric => {
  let found = first
  for (const value of others) if (value > found) found = value
  return found
}

const least = (first: Numeric, ...others: Numeric[]): Numeric => {
  let found = first
  for (const value of others) if (value < found) found = value
  return found
}

/** cel-go's `math.greatest` and `math.least`. */
export const registerMath: Register = environment => {
  const functions: Record<string, (...args: any[]) => unknown> = {}
  for (const type of ['int', 'double']) {
    for (const [name, choose] of Object.entries({ greatest, least })) {
      for (const count of [1, 2, 3]) {
        const parameters = Array.from({ length: count }, () => type).join(', ')
        functions[`${name}(${parameters}): ${type}`] = choose
      }
      functions[`${name}(list<${type}>): ${type}`] = (all: [Numeric, ...Numeric[]]) => choose(...all)
    }
  }
  addNamespace(environment, 'math', functions)
}

import type { ColumnTexts, Descriptions } from '../../api/schema/definition.ts'
import { COLUMN_TEXTS, COMMON_COLUMN_TEXTS } from '../../api/schema/tables/column-texts.ts'
import { shortName } from './build-definitions.ts'

/**
 * Texts of columns, where those of fields are looked up.
 * @throws Error on a field that has no text
 */
export function buildColumns(descriptions: Descriptions): ColumnTexts {
  const fields = new Map<string, string>(
    Object.entries(descriptions).flatMap(([name, texts]) =>
      Object.entries(texts).map(([field, text]) => [`#${shortName(name)}.${field}`, text] as const),
    ),
  )
  const lookUp = (text: string): string => {
    const found = text.startsWith('#') ? fields.get(text) : text
    if (found === undefined) throw new Error(`a column is said to be ${text}, of which there is no text`)
    return found
  }
  const resolve = (columns: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(columns).map(([name, text]) => [name, lookUp(text)]))
  const kinds = Object.entries(COLUMN_TEXTS).map(([kind, columns]) => [kind, resolve(columns)])
  return { common: resolve(COMMON_COLUMN_TEXTS), kinds: Object.fromEntries(kinds) }
}

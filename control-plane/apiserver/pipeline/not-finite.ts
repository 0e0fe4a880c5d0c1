/** A JSON text with an exponent like this may have a number that is beyond all floats: to JSON.parse it is infinite. */
const LARGE_EXPONENT = /[\d.]e\+?\d{3}/i
const NUMBERS = /-?\d+(?:\.\d+)?e\+?\d{3,}/gi

/**
 * What Go says of a JSON text with a number that no float holds; undefined where there is none. What was read of it would be
 * written as `null`.
 */
export function numberFault(text: string, value: unknown): string | undefined {
  if (!LARGE_EXPONENT.test(text) || isWritable(value)) return undefined
  const number = text.match(NUMBERS)?.find(found => !Number.isFinite(Number(found)))
  return `json: cannot unmarshal number ${number} into Go value of type float64`
}

/** Whether all numbers in a value can be written in JSON. */
function isWritable(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value !== 'object' || value === null || Object.values(value).every(isWritable)
}

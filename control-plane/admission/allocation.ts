import { isAlreadyExists, isNotFound } from '../../api/meta/status.ts'

/** Takes what an object stands for, by making the object: true for who made it first. */
export async function take(create: () => Promise<unknown>): Promise<boolean> {
  try {
    await create()
    return true
  } catch (error) {
    if (isAlreadyExists(error)) return false
    throw error
  }
}

/** For giving back what is not held any more. */
export function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error
}

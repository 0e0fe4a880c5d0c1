/**
 * What an update of a definition may keep that would be refused in a new one, because the old one has it (upstream's
 * rules became stricter over time): sets of what is not atomic, lists whose items or keys may be missing, defaults with
 * unknown fields, unknown types, versions without schema.
 */
export type Tolerance = 'set items' | 'list items' | 'unknown in defaults' | 'types' | 'no schema'
export type Tolerated = ReadonlySet<Tolerance>

/** New definitions keep all rules. */
export const NOTHING: Tolerated = new Set()

import { isDeepStrictEqual } from 'node:util'
import type { Container, Pod } from '../../../api/kinds/types.ts'

const PREFIX = 'container.apparmor.security.beta.kubernetes.io/'
const LOCALHOST = 'localhost/'
const LONGEST_PROFILE = 4_095
const LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const

export interface AppArmorProfile {
  type: string
  localhostProfile?: string
}

/** What an annotation of old says as a field; undefined where it says nothing that a field could. */
export function profileOfAnnotation(note: string): AppArmorProfile | undefined {
  if (note === 'unconfined') return { type: 'Unconfined' }
  if (note === 'runtime/default') return { type: 'RuntimeDefault' }
  const localhostProfile = note.startsWith(LOCALHOST) ? note.slice(LOCALHOST.length) : ''
  return localhostProfile ? { type: 'Localhost', localhostProfile } : undefined
}

const isSound = ({ localhostProfile: name }: AppArmorProfile): boolean =>
  name === undefined || (name.trim() === name && name.length <= LONGEST_PROFILE)

/** What was said of Pods whose annotations became fields. */
const told = new WeakMap<object, string[]>()

/** Warnings about the annotations of a Pod that `adoptProfiles` saw. */
export const adoptionWarnings = (pod: object): readonly string[] => told.get(pod) ?? []

/** Profiles that a new Pod names in annotations alone become fields of its containers (KEP-24). */
export function adoptProfiles(pod: Pod): void {
  const { metadata, spec } = pod
  const notes = metadata.annotations
  if (!notes || spec.os?.name === 'windows') return
  const prefixed = Object.keys(notes).filter(key => key.startsWith(PREFIX))
  if (prefixed.length === 0) return
  const warnings: string[] = []
  const ofPod = (spec.securityContext as { appArmorProfile?: AppArmorProfile } | undefined)?.appArmorProfile
  for (const list of LISTS) {
    for (const container of (spec[list] ?? []) as Container[]) {
      const key = `${PREFIX}${container.name}`
      const note = notes[key]
      if (note !== undefined && adopt(container, note, ofPod)) {
        warnings.push(
          `metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`,
        )
      }
    }
  }
  if (warnings.length > 0) told.set(pod, [...adoptionWarnings(pod), ...warnings])
}

/** Whether there is something to say of the annotation. */
function adopt(container: any, note: string, ofPod: AppArmorProfile | undefined): boolean {
  if (container.securityContext?.appArmorProfile) return false
  const profile = profileOfAnnotation(note)
  if (!profile || !isSound(profile)) return true
  if (isDeepStrictEqual(profile, ofPod)) return false
  container.securityContext ??= {}
  container.securityContext.appArmorProfile = profile
  return true
}

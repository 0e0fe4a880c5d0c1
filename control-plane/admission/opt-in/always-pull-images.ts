import type { Container, Pod } from '../../../api/kinds/types.ts'
import { describeFieldError, notSupported, unexpectedError } from '../../../api/meta/status.ts'
import type { AdmissionPlugin } from '../../../plugins/admission.ts'
import { containersOf, isPodWrite, refusePod } from '../pod-writes.ts'

const ALWAYS = 'Always'

/** Makes nodes ask for each image anew, so that nobody uses what another one had the right to pull. */
export const alwaysPullImages: AdmissionPlugin = {
  name: 'AlwaysPullImages',
  handles: isPodWrite,
  mutate({ object, oldObject }) {
    const known = oldObject ? imagesOf(oldObject as Pod) : undefined
    const pod = object as Pod
    // An update that brings no other image leaves Pods as they were made.
    if (known && isCovered(imagesOf(pod), known)) return
    for (const [, container] of containersOf(pod)) setPolicy(container)
  },
  validate(attributes) {
    const { object, oldObject } = attributes
    const pod = object as Pod
    if (oldObject && isCovered(imagesOf(pod), imagesOf(oldObject as Pod))) return
    const faults = containersOf(pod)
      .filter(([, { imagePullPolicy }]) => imagePullPolicy !== ALWAYS)
      .map(([path, { imagePullPolicy = '' }]) =>
        notSupported(`${path}.imagePullPolicy`, imagePullPolicy, [ALWAYS]),
      )
      .map(fault => refusePod(attributes, describeFieldError(fault)))
    if (faults.length === 0) return
    const texts = faults.map(({ message }) => message)
    throw unexpectedError(texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`)
  },
}

function setPolicy(container: Container): void {
  container.imagePullPolicy = ALWAYS
}

const imagesOf = (pod: Pod): Set<string> => new Set(containersOf(pod).map(([, { image = '' }]) => image))

const isCovered = (images: Set<string>, known: Set<string>): boolean => images.isSubsetOf(known)

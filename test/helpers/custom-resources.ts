import type {
  CustomResourceDefinition,
  CustomVersion,
  JsonSchemaProps,
} from '../../api/kinds/apiextensions.ts'
import { customResourceDefinitions } from '../../api/kinds/apiextensions.ts'
import { isConditionTrue } from '../../control-plane/registry/crd/conditions.ts'
import type { TestApiServer } from './api-server.ts'

/** One version that is served and stored, with a spec of the given properties. */
export function version(
  name: string,
  properties: Record<string, JsonSchemaProps> = {},
  more: Partial<CustomVersion> = {},
): CustomVersion {
  const spec = { type: 'object', properties }
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } }
  return { name, served: true, storage: true, schema, ...more }
}

/** A definition of `Thing` in a group of its own, as a user writes it. */
export function definition(group: string, versions: CustomVersion[], spec: object = {}): any {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `things.${group}` },
    spec: { group, scope: 'Namespaced', names: { plural: 'things', kind: 'Thing' }, versions, ...spec },
  }
}

/** Resolves with a definition when it has come to a state; rejects after a minute. */
export async function reached(
  api: TestApiServer,
  name: string,
  holds: (definition: CustomResourceDefinition) => boolean | undefined,
): Promise<CustomResourceDefinition> {
  const informer = api.server.informers.informer(customResourceDefinitions)
  const found = Promise.withResolvers<CustomResourceDefinition>()
  const look = (definition: CustomResourceDefinition): void => {
    if (definition.metadata.name === name && holds(definition)) found.resolve(definition)
  }
  const timer = setTimeout(() => found.reject(new Error(`${name} did not get there`)), 120_000)
  const off = informer.addHandler({ added: look, updated: look })
  try {
    return await found.promise
  } finally {
    off()
    clearTimeout(timer)
  }
}

/** Creates a definition and waits until its objects are served. */
export async function establish(api: TestApiServer, body: any): Promise<CustomResourceDefinition> {
  const { status, body: answer } = await api.raw('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    body,
  })
  if (status !== 201) throw new Error(answer.message)
  return await reached(api, body.metadata.name, found => isConditionTrue(found, 'Established'))
}

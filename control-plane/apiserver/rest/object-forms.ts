import { apiVersion, type KindDeclaration } from '../../../api/kinds/kind.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { validateFields } from '../../../api/schema/field-validation.ts'
import type { ObjectForms } from '../../admission/written-request.ts'
import type { ViewStore } from '../custom/view-store.ts'
import type { KindRegistry } from '../kind-registry.ts'
import type { Core } from './core.ts'
import { scaleOf, writeScale } from './scale.ts'
import { convertForm } from './storage.ts'
import { fillSpec } from './structs.ts'

/** The versions of objects, for admission. */
export function createObjectForms({ schemas }: Core, kinds: KindRegistry, views: ViewStore): ObjectForms {
  return {
    equivalents(kind) {
      const forms = [...kinds.of(kind).forms.values()].map(form => form.kind)
      return forms.filter(form => form !== kind)
    },
    convert(object, from, to) {
      if (from === to) return object
      const resource = kinds.of(from)
      if (from.custom) return views.convert(object, resource.type, kinds.of(to).type)
      return convertForm(resource, object, apiVersion(from), apiVersion(to))
    },
    decode(kind: KindDeclaration, object: ApiObject) {
      validateFields(schemas, kind, object, 'Ignore')
      fillSpec(schemas, kind, object)
      kinds.of(kind).strategy.defaults?.(object)
    },
    find: (version, name) =>
      kinds.all().find(({ kind }) => kind.kind === name && apiVersion(kind) === version)?.kind,
    scaleOf: (kind, object) => scaleOf(kinds.of(kind), object),
    writeScale: (kind, object, scale) => writeScale(kinds.of(kind), object, scale),
  }
}

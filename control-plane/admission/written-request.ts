import type { KindDeclaration } from '../../api/kinds/kind.ts'
import { FieldSetError } from '../../api/meta/managed-fields/decode.ts'
import { decodeEntries } from '../../api/meta/managed-fields/entries.ts'
import { attachRecord, ManagedRecord, recordOf } from '../../api/meta/managed-fields/record.ts'
import type { ApiObject, ObjectMeta } from '../../api/meta/object.ts'
import { isSame } from '../../api/meta/patch/own.ts'
import type { AdmissionAttributes } from '../../plugins/admission.ts'
import type { ResourceVersion, RuleSubject } from './matching/rules.ts'

/** A group version and a kind of it. */
export interface KindVersion {
  group: string
  version: string
  kind: string
}

/** The versions in which objects can be had. */
export interface ObjectForms {
  /** Other kinds that the same objects are served as. */
  equivalents(kind: KindDeclaration): readonly KindDeclaration[]
  /** An object of one kind as another one has it. It is left alone. */
  convert(object: ApiObject, from: KindDeclaration, to: KindDeclaration): ApiObject | Promise<ApiObject>
  /** Brings an object that was changed by others into form: unknown fields are dropped, defaults filled in. */
  decode(kind: KindDeclaration, object: ApiObject): void
  /** The kind of an apiVersion and kind that is served; undefined where none is. */
  find(apiVersion: string, kind: string): KindDeclaration | undefined
  /** The Scale of an object. */
  scaleOf(kind: KindDeclaration, object: ApiObject): ApiObject
  /** Writes what a Scale says into its object. */
  writeScale(kind: KindDeclaration, object: ApiObject, scale: ApiObject): void
}

/** One of the forms a request can be shown in: as it was made, or as one for an equivalent resource. */
export interface RequestForm {
  declaration: KindDeclaration
  kind: KindVersion
  resource: ResourceVersion
}

const SCALE: KindVersion = { group: 'autoscaling', version: 'v1', kind: 'Scale' }

/** A write as webhooks and policies are told of it (admission/v1 AdmissionRequest). */
export class WrittenRequest implements RuleSubject {
  readonly attributes: AdmissionAttributes
  readonly forms: ObjectForms
  /** As the client made it. */
  readonly form: RequestForm
  readonly subresource: string
  readonly namespace: string
  /** Where the server makes the name up, it is not told before the object is finished. */
  readonly name: string
  readonly isMutable: boolean

  constructor(attributes: AdmissionAttributes, forms: ObjectForms, isMutable: boolean) {
    this.attributes = attributes
    this.forms = forms
    this.isMutable = isMutable
    this.subresource = attributes.subresource
    this.form = formOf(attributes.requested ?? attributes.kind, attributes.subresource)
    const { group, plural } = attributes.kind
    const isNamespace = group === '' && plural === 'namespaces'
    this.name = isMutable && attributes.isNameGenerated ? '' : attributes.name
    this.namespace = isNamespace ? this.name : (attributes.namespace ?? '')
  }

  get operation(): AdmissionAttributes['operation'] {
    return this.attributes.operation
  }

  get resource(): ResourceVersion {
    return this.form.resource
  }

  get object(): ApiObject | undefined {
    return this.attributes.object
  }

  get oldObject(): ApiObject | undefined {
    return this.attributes.oldObject
  }

  /** The forms of equivalent resources. */
  equivalents(): RequestForm[] {
    return this.forms
      .equivalents(this.form.declaration)
      .map(declaration => formOf(declaration, this.subresource))
  }

  /** The object in a form, to be looked at and not to be changed. */
  async objectIn(form: RequestForm): Promise<ApiObject | undefined> {
    const shown = await this.#show(this.object, form)
    return shown && this.isMutable && this.operation === 'CREATE' ? this.#unfinished(shown) : shown
  }

  oldObjectIn(form: RequestForm): Promise<ApiObject | undefined> {
    return this.#show(this.oldObject, form)
  }

  async #show(object: ApiObject | undefined, { declaration }: RequestForm): Promise<ApiObject | undefined> {
    if (!object || this.#isForeign) return object
    const { kind } = this.attributes
    if (this.subresource === 'scale') return this.forms.scaleOf(kind, object)
    return declaration === kind ? object : await this.forms.convert(object, kind, declaration)
  }

  /** Some subresources take objects of kinds of their own (Binding, Eviction, TokenRequest, PodExecOptions). */
  get #isForeign(): boolean {
    const other = this.attributes.kind.subresources?.other?.[this.subresource]
    return other !== undefined && this.operation !== 'UPDATE'
  }

  /** What the server gives a new object is given once admission has changed it. */
  #unfinished(object: ApiObject): ApiObject {
    const { uid, creationTimestamp, generation, ...metadata } = object.metadata ?? {}
    if (this.attributes.isNameGenerated) delete (metadata as { name?: string }).name
    return { ...object, metadata: metadata as ApiObject['metadata'] }
  }

  /** What is the server's stays as it was, and so do owners of fields that can no longer be read. */
  #keepMetadata(changed: ObjectMeta, before: ObjectMeta): void {
    if (this.operation === 'CREATE') {
      const { uid, creationTimestamp, generation } = before
      Object.assign(changed, { uid, creationTimestamp }, generation !== undefined && { generation })
      changed.name ??= before.name
    }
    attachRecord(changed, this.#recordAfter(changed, before))
  }

  #recordAfter({ managedFields }: ObjectMeta, before: ObjectMeta): ManagedRecord {
    const record = recordOf(before)
    if (isSame(managedFields ?? [], before.managedFields ?? [])) return record
    try {
      return ManagedRecord.of(decodeEntries(managedFields ?? []))
    } catch (error) {
      if (!(error instanceof FieldSetError)) throw error
      this.attributes.warn(
        `.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: ${error.message}`,
      )
      return record
    }
  }

  /** Brings a changed object into form, in place. */
  decode(object: ApiObject, { declaration }: RequestForm): void {
    if (!this.#isForeign && this.subresource !== 'scale') this.forms.decode(declaration, object)
  }

  /** Takes over an object that came out of a change to what {@link objectIn} showed. */
  async replace(changed: ApiObject, { declaration }: RequestForm): Promise<void> {
    const { attributes, forms } = this
    const { kind } = attributes
    const object = attributes.object!
    if (this.subresource === 'scale') forms.writeScale(kind, object, changed)
    else {
      const isSame = declaration === kind || this.#isForeign
      const own = isSame ? changed : await forms.convert(changed, declaration, kind)
      const { metadata } = object
      takeOver(object, own)
      if (metadata && object.metadata) this.#keepMetadata(object.metadata, metadata)
    }
    attributes.isRewritten = true
  }
}

function formOf(declaration: KindDeclaration, subresource: string): RequestForm {
  const { group, version, plural, kind } = declaration
  const other = declaration.subresources?.other?.[subresource]
  const own = other
    ? { group: other.group ?? group, version: other.version ?? version, kind: other.kind }
    : { group, version, kind }
  return {
    declaration,
    kind: subresource === 'scale' ? SCALE : own,
    resource: { group, version, resource: plural },
  }
}

/** Makes `object` what `changed` is; its identity stays. */
function takeOver(object: ApiObject, changed: ApiObject): void {
  for (const field of Object.keys(object)) if (!Object.hasOwn(changed, field)) delete object[field]
  Object.assign(object, changed)
}

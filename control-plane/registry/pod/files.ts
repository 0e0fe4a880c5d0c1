import { invalidValue, required as requiredError } from '../../../api/meta/status.ts'
import { collect, each, fields, type Rule, required } from '../rules/check.ts'
import { fileMode, ownPath } from '../rules/values.ts'
import { fieldSelector, resourceFieldSelector, VOLUME_FIELDS } from './downward.ts'

const keyToPath = fields({
  key: required(),
  path: required(ownPath),
  mode: fileMode,
})

/** What a Secret or ConfigMap shows as files. */
export const keysToPaths: Rule = each(keyToPath)

const downwardFile: Rule = (file, at) => {
  const { fieldRef, resourceFieldRef } = file
  return collect(
    fields({ path: required(ownPath), mode: fileMode })(file, at),
    fieldRef && fieldSelector(VOLUME_FIELDS)(fieldRef, `${at}.fieldRef`),
    fieldRef &&
      resourceFieldRef && [
        invalidValue(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'),
      ],
    !fieldRef && resourceFieldRef && resourceFieldSelector(true)(resourceFieldRef, `${at}.resourceFieldRef`),
    !fieldRef && !resourceFieldRef && [requiredError(at, 'one of fieldRef and resourceFieldRef is required')],
  )
}

/** Faults of files stand at the volume, as upstream has them. */
export const downwardFiles: Rule = (items, at) =>
  collect(...items.map((file: object) => downwardFile(file, at)))

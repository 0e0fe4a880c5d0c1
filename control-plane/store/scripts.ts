/**
 * The writes, each one Lua call, so that revision, document and log entry change together or not at all.
 *
 * KEYS: revision counter, hash of documents, stream of changes. The id of a stream entry is `<revision>-0`; its fields
 * are `k` (the key) and `c`, `u` or `d` (created, updated, deleted) with the bytes. Revisions start at 1, "nothing was
 * written yet", so that no list is ever answered with resourceVersion 0, which means "any" to clients.
 */
const COMMON = `
local MARK = '"resourceVersion":"'

-- Where the digits of the revision stand in a document, and the digits.
local function revision(bytes)
  local _, before = string.find(bytes, MARK, 1, true)
  local after = string.find(bytes, '"', before + 1, true)
  return string.sub(bytes, before + 1, after - 1), before, after
end

local function advance()
  local next = redis.call('INCR', KEYS[1])
  if next == 1 then next = redis.call('INCR', KEYS[1]) end
  return string.format('%.0f', next)
end
`

/**
 * ARGV: key, expected revision ('0': must not be there), head, tail, length of the log, '1' when the same write may have
 * been done already (its answer was lost). Returns {1, revision} or {0, what is there}.
 */
export const PUT = `${COMMON}
local key, expected, head, tail = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local old = redis.call('HGET', KEYS[2], key)
local found = '0'
if old then
  local digits, _, after = revision(old)
  found = digits
  if ARGV[6] == '1' and found ~= expected and string.sub(old, after) == tail then return {1, found} end
end
if found ~= expected then return {0, old} end
local next = advance()
local bytes = head .. next .. tail
redis.call('HSET', KEYS[2], key, bytes)
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[5], next .. '-0', 'k', key, old and 'u' or 'c', bytes)
return {1, next}
`

/** ARGV: key, expected revision, length of the log. Returns {1, revision, last bytes} or {0, what is there}. */
export const DELETE = `${COMMON}
local key, expected = ARGV[1], ARGV[2]
local old = redis.call('HGET', KEYS[2], key)
if not old then return {0, false} end
local found, before, after = revision(old)
if found ~= expected then return {0, old} end
local next = advance()
local bytes = string.sub(old, 1, before) .. next .. string.sub(old, after)
redis.call('HDEL', KEYS[2], key)
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[3], next .. '-0', 'k', key, 'd', bytes)
return {1, next, bytes}
`

/** Documents and log go, the revision stays and rises: whoever follows the log sees that it broke off. */
export const DROP = `${COMMON}
redis.call('DEL', KEYS[2], KEYS[3])
advance()
return 1
`

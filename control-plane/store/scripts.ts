/**
 * The writes, each one Lua call, so that revision, document and log entry change together or not at all.
 *
 * KEYS: revision counter, hash of documents, stream of changes, lineage. The id of a stream entry is `<revision>-0`; its
 * fields are `k` (the key) and `c`, `u` or `d` (created, updated, deleted) with the bytes. Revisions start at 1, "nothing
 * was written yet", so that no list is ever answered with resourceVersion 0, which means "any" to clients.
 *
 * Lineage: where Redis fails over, the new master may lack the last writes of the old one, which nobody was answered but
 * followers may have seen. So that their revisions are never given to something else, the first write over a connection
 * to another process than the last write's leaps: followers see a gap and start anew. Not so when a slot of a cluster was
 * moved to a master that was never a replica: it has all that its predecessor had.
 */
export const LEAP = 1_000_000

const COMMON = `
local MARK = '"resourceVersion":"'

-- Where the digits of the revision stand in a document, and the digits.
local function revision(bytes)
  local _, before = string.find(bytes, MARK, 1, true)
  local after = string.find(bytes, '"', before + 1, true)
  return string.sub(bytes, before + 1, after - 1), before, after
end

local function wasNeverReplica()
  return string.find(redis.call('INFO', 'replication'), 'master_replid2:' .. string.rep('0', 40), 1, true)
end

local function advance(lineage, predecessor)
  local last = lineage ~= '' and redis.call('GET', KEYS[4])
  if lineage ~= '' and last ~= lineage then
    local isWhole = last and last == predecessor and wasNeverReplica()
    if not isWhole then redis.call('INCRBY', KEYS[1], ${LEAP}) end
    redis.call('SET', KEYS[4], lineage)
  end
  local next = redis.call('INCR', KEYS[1])
  if next == 1 then next = redis.call('INCR', KEYS[1]) end
  return string.format('%.0f', next)
end

-- Gives the connection something to wait for replicas with: what was done earlier lies before it.
local function touch()
  redis.call('SET', KEYS[1], redis.call('GET', KEYS[1]))
end

-- The first change of a document after a revision that is still in the log: its revision, type and bytes.
local function firstChange(key, after)
  local from = '(' .. after .. '-0'
  while true do
    local entries = redis.call('XRANGE', KEYS[3], from, '+', 'COUNT', 100)
    for _, entry in ipairs(entries) do
      if entry[2][2] == key then return string.match(entry[1], '%d+'), entry[2][3], entry[2][4] end
    end
    if #entries < 100 then return nil end
    from = '(' .. entries[#entries][1]
  end
end

-- The last creation of a document among the latest changes.
local function lastCreation(key)
  for _, entry in ipairs(redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1000)) do
    if entry[2][2] == key and entry[2][3] == 'c' then
      return string.match(entry[1], '%d+'), 'c', entry[2][4]
    end
  end
end
`

/**
 * ARGV: key, expected revision ('0': must not be there), head, tail, length of the log, '1' when the same write may have
 * been done already (its answer was lost), lineage, lineage that was the last one if the type was moved whole. Returns
 * {1, revision} or {0, what is there}.
 */
export const PUT = `${COMMON}
local key, expected, head, tail = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local old = redis.call('HGET', KEYS[2], key)
local found = old and revision(old) or '0'
if ARGV[6] == '1' then
  local done, _, bytes
  if expected ~= '0' then done, _, bytes = firstChange(key, expected) else done, _, bytes = lastCreation(key) end
  if done and string.sub(bytes, -#tail) == tail then
    touch()
    return {1, done}
  end
end
if found ~= expected then return {0, old} end
local next = advance(ARGV[7], ARGV[8])
local bytes = head .. next .. tail
redis.call('HSET', KEYS[2], key, bytes)
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[5], next .. '-0', 'k', key, old and 'u' or 'c', bytes)
return {1, next}
`

/**
 * ARGV: key, expected revision, length of the log, '1' when it may have been done already, lineage, the one before. Returns
 * {1, revision, last bytes} or {0, what is there}.
 */
export const DELETE = `${COMMON}
local key, expected = ARGV[1], ARGV[2]
local old = redis.call('HGET', KEYS[2], key)
if not old or revision(old) ~= expected then
  if ARGV[4] == '1' then
    local done, change, bytes = firstChange(key, expected)
    if change == 'd' then
      touch()
      return {1, done, bytes}
    end
  end
  return {0, old}
end
local _, before, after = revision(old)
-- First of all: what frees memory is allowed where there is none left (maxmemory), and then the rest of the script is.
redis.call('HDEL', KEYS[2], key)
local next = advance(ARGV[5], ARGV[6])
local bytes = string.sub(old, 1, before) .. next .. string.sub(old, after)
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[3], next .. '-0', 'k', key, 'd', bytes)
return {1, next, bytes}
`

/** Documents and log go, the revision stays and rises: whoever follows the log sees that it broke off. */
export const DROP = `${COMMON}
redis.call('DEL', KEYS[2], KEYS[3])
advance('')
return 1
`

/** ARGV: a revision. The log goes and the revision becomes at least that; never lower than it was. */
export const ADVANCE = `
local now = tonumber(redis.call('GET', KEYS[1]) or '1')
redis.call('DEL', KEYS[3])
redis.call('SET', KEYS[1], string.format('%.0f', math.max(now, tonumber(ARGV[1]))))
return 1
`

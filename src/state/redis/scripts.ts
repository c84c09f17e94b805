/*
 * What runs inside of Redis, and so atomically. Each script begins with a write that changes nothing, before it looks at
 * anything: a replica, which may be behind or empty, then refuses it, and tells nothing of the state. Where the script needs
 * memory it is one that Redis refuses when it is out of memory, so that it fails as a whole (a script that has written
 * something is let through to its end).
 *
 *     meta       hash: schema, clusterUid, epoch, fence (of the last lease given; a smaller one may write no more)
 *                clean (while nobody has it): the last one has committed all that it delivered
 *     lease      string `<fence> <owner>`, expires
 *     positions  hash: stream -> `<sequence> <fence> <attempt> <stage or ->\n<JSON of the rest>`
 *     known:<stream>  hash: key -> value
 *     stage:<stream>:<fence>.<attempt>  list of packed deltas, accepted with a position and not applied yet
 *
 * Whoever evicts or deletes one of these keys leaves the others. So that this is noticed, positions and known have an
 * entry of the empty name for as long as they exist, and a stage ends with an empty piece. What is found incomplete
 * is voided: its epoch goes, and the next to take the state makes a new one.
 */

/** KEYS meta lease. */
const PRIMARY_WITH_ROOM = `redis.call('SETRANGE', KEYS[2], 0, '')`;
/** KEYS meta. No field has this name. */
const PRIMARY = `redis.call('HDEL', KEYS[1], '-')`;

/** A fence smaller than the caller's: a failover has brought back a state of before its lease, so nobody has taken it over. */
const STANDING = `
local function standing(epoch, fence)
  local meta = redis.call('HMGET', KEYS[1], 'epoch', 'fence')
  if meta[1] ~= epoch then return {'LOST', 'its epoch is ' .. (meta[1] or 'gone')} end
  if meta[2] == fence then return end
  if (tonumber(meta[2]) or 0) < tonumber(fence) then return {'LOST', 'it is older than the lease that was given for it'} end
  return {'HELD', redis.call('GET', KEYS[2]) or ''}
end
local function void(what)
  redis.call('HDEL', KEYS[1], 'epoch')
  return {'LOST', what .. ' gone, and the rest is not: evicted or deleted'}
end
`;

/** Applies one packed delta (model/delta.ts). 500 entries a command: Lua cannot unpack more than some thousand values. */
const APPLY = `
local function apply(known, packed)
  local puts, gone, p, g, at, last = {}, {}, 0, 0, 1, #packed
  local function flush()
    if p > 0 then redis.call('HSET', known, unpack(puts, 1, p)) p = 0 end
    if g > 0 then redis.call('HDEL', known, unpack(gone, 1, g)) g = 0 end
  end
  while at <= last do
    local keyLength, valueLength = struct.unpack('<I2I4', packed, at)
    local value = at + 6 + keyLength
    local key = string.sub(packed, at + 6, value - 1)
    if valueLength == 4294967295 then
      if p > 0 then flush() end
      g = g + 1
      gone[g] = key
      at = value
      if g == 500 then flush() end
    else
      if g > 0 then flush() end
      puts[p + 1] = key
      puts[p + 2] = string.sub(packed, value, value + valueLength - 1)
      p = p + 2
      at = value + valueLength
      if p == 1000 then flush() end
    end
  end
  flush()
end
`;

/**
 * KEYS meta lease, positions of the new epoch; ARGV schema clusterUid owner newEpoch ttl expectedLease step.
 * Takes the lease where it is free or is what the caller expects. A lease of a state without an epoch is void.
 *
 * The fence grows by a random step: leases that are given on both sides of a failover, which the other side never heard of,
 * must not have one number.
 */
export const TAKE = `
${PRIMARY_WITH_ROOM}
local meta = redis.call('HMGET', KEYS[1], 'schema', 'clusterUid', 'epoch')
if meta[3] then
  if meta[1] ~= ARGV[1] then return {'SCHEMA', meta[1] or ''} end
  if meta[2] ~= ARGV[2] then return {'CLUSTER', meta[2] or ''} end
  local holder = redis.call('GET', KEYS[2])
  if holder and holder ~= ARGV[6] then return {'HELD', holder} end
else
  redis.call('HSET', KEYS[1], 'schema', ARGV[1], 'clusterUid', ARGV[2], 'epoch', ARGV[4])
  redis.call('HSET', KEYS[3], '', '')
end
local clean = not meta[3] or redis.call('HDEL', KEYS[1], 'clean') == 1
redis.call('HINCRBY', KEYS[1], 'fence', ARGV[7])
local fence = redis.call('HGET', KEYS[1], 'fence') -- as a string: a number of Lua has 14 digits as text
redis.call('SET', KEYS[2], fence .. ' ' .. ARGV[3], 'PX', ARGV[5])
return {'TAKEN', meta[3] or ARGV[4], fence, meta[3] and '0' or '1', clean and '1' or '0'}
`;

/** KEYS meta lease; ARGV epoch fence owner ttl. A lease that ran out and that nobody took is taken again. */
export const RENEW = `${STANDING}
${PRIMARY_WITH_ROOM}
local bad = standing(ARGV[1], ARGV[2])
if bad then return bad end
redis.call('SET', KEYS[2], ARGV[2] .. ' ' .. ARGV[3], 'PX', ARGV[4])
return {'OK'}
`;

/** KEYS meta lease; ARGV epoch fence what. What was read of the state is incomplete. */
export const VOID = `${STANDING}
${PRIMARY}
return standing(ARGV[1], ARGV[2]) or void(ARGV[3])
`;

/** KEYS meta lease; ARGV epoch fence clean (1 or 0). */
export const RELEASE = `${STANDING}
${PRIMARY}
if standing(ARGV[1], ARGV[2]) then return {'OK'} end
if ARGV[3] == '1' then redis.call('HSET', KEYS[1], 'clean', '1') end
redis.call('DEL', KEYS[2])
return {'OK'}
`;

/**
 * KEYS meta lease positions (known stage)…; ARGV epoch fence attempt, then for each stream: name, sequence, floor, JSON,
 * length of its stage (0: none), number of deltas, deltas….
 *
 * A stored sequence must be the one before. It may also be the new one where this session wrote it by an attempt from
 * \`floor\` on, which got no answer: then this one replaces it (deltas that were applied are applied again, which changes
 * nothing). An old attempt that arrives late finds its successor's number and does nothing.
 */
export const COMMIT = `${STANDING}${APPLY}
${PRIMARY_WITH_ROOM}
local bad = standing(ARGV[1], ARGV[2])
if bad then return bad end
if redis.call('EXISTS', KEYS[3]) == 0 then return void('the positions are') end
local attempt = tonumber(ARGV[3])
local at, k = 4, 4
while at <= #ARGV do
  local stored, fence, tried, stage = string.match(redis.call('HGET', KEYS[3], ARGV[at]) or '0 0 0 -\\n', '^(%d+) (%d+) (%d+) ([^\\n]*)\\n')
  if not stored then return {'LOST', ARGV[at] .. ' has no readable position'} end
  if stage ~= '-' then return {'STAGED', ARGV[at]} end
  if stored ~= '0' and redis.call('EXISTS', KEYS[k]) == 0 then return void('the known objects of ' .. ARGV[at] .. ' are') end
  local sequence, floor = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  tried = tonumber(tried)
  local repeated = tonumber(stored) == sequence and fence == ARGV[2] and tried >= floor and tried < attempt
  if tonumber(stored) ~= sequence - 1 and not repeated then
    return {'LOST', ARGV[at] .. ' is at commit ' .. stored .. ', not ' .. string.format('%.0f', sequence - 1)}
  end
  local staged = tonumber(ARGV[at + 4])
  if staged > 0 and redis.call('LLEN', KEYS[k + 1]) ~= staged then return {'UNSTAGED', ARGV[at]} end
  at = at + 6 + tonumber(ARGV[at + 5])
  k = k + 2
end
at, k = 4, 4
while at <= #ARGV do
  local staged = tonumber(ARGV[at + 4])
  local stage = staged > 0 and KEYS[k + 1] or '-'
  redis.call('HSET', KEYS[3], ARGV[at], ARGV[at + 1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. stage .. '\\n' .. ARGV[at + 3])
  redis.call('HSET', KEYS[k], '', '')
  if staged > 0 then redis.call('PERSIST', stage) end
  local deltas = tonumber(ARGV[at + 5])
  for i = 1, deltas do apply(KEYS[k], ARGV[at + 5 + i]) end
  at = at + 6 + deltas
  k = k + 2
end
return {'OK'}
`;

/** KEYS meta lease positions known stage; ARGV epoch fence stream. Applies the first piece of a stage; its end clears it. */
export const UNSTAGE = `${STANDING}${APPLY}
${PRIMARY_WITH_ROOM}
local bad = standing(ARGV[1], ARGV[2])
if bad then return bad end
local packed = redis.call('LINDEX', KEYS[5], 0)
if not packed then return void('a part of the last commit of ' .. ARGV[3] .. ' is') end
if packed ~= '' then
  apply(KEYS[4], packed)
  redis.call('LPOP', KEYS[5])
  return {'MORE'}
end
local position = redis.call('HGET', KEYS[3], ARGV[3])
local head, rest = string.match(position or '', '^(%d+ %d+ %d+ )[^\\n]*(\\n.*)$')
if not head then return void('the positions are') end
redis.call('HSET', KEYS[3], ARGV[3], head .. '-' .. rest)
redis.call('DEL', KEYS[5])
return {'OK'}
`;

/** KEYS meta lease positions known; ARGV epoch fence stream. */
export const FORGET = `${STANDING}
${PRIMARY}
local bad = standing(ARGV[1], ARGV[2])
if bad then return bad end
redis.call('HDEL', KEYS[3], ARGV[3])
redis.call('UNLINK', KEYS[4])
return {'OK'}
`;

/** KEYS meta lease positions; ARGV epoch fence stream. Tells which commit the stream is at: `<sequence> <fence> <attempt>`. */
export const COMMITTED = `${STANDING}
${PRIMARY}
local bad = standing(ARGV[1], ARGV[2])
if bad then return bad end
return {'OK', string.match(redis.call('HGET', KEYS[3], ARGV[3]) or '', '^%d+ %d+ %d+') or ''}
`;

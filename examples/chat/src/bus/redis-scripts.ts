// SPDX-License-Identifier: Apache-2.0
// What must happen at once in Redis happens in a script: between its lines nothing else does.

/**
 * Gives a message its id, keeps it, and tells. The time is that of Redis, one clock for all processes.
 *
 * KEYS: messages. ARGV: channel, the rest of the message as JSON, how many are kept, for how many seconds.
 */
export const postScript = `
local time = redis.call('TIME')
local id = time[1] * 1000 + math.floor(time[2] / 1000)
local last = redis.call('LINDEX', KEYS[1], -1)
if last then id = math.max(id, cjson.decode(last).id + 1) end
local message = string.format('{"id":%.0f,', id) .. string.sub(ARGV[2], 2)
redis.call('RPUSH', KEYS[1], message)
redis.call('LTRIM', KEYS[1], -ARGV[3], -1)
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('PUBLISH', ARGV[1], '{"type":"said","message":' .. message .. '}')
`;

/**
 * Changes who is present, and tells which names came and went by it. A presence is a lease: of a process that died no
 * more are renewed, and whoever changes something next takes away those that are over.
 *
 * KEYS: present, rooms. ARGV: channel, room, the lease in milliseconds, "enter" or "leave", presences as ID:NAME.
 */
export const presenceScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function names()
  local list, known = {}, {}
  for _, presence in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    local name = string.sub(presence, string.find(presence, ':', 1, true) + 1)
    if not known[name] then known[name] = true; table.insert(list, name) end
  end
  return list, known
end
local function tell(type, list, known)
  for _, name in ipairs(list) do
    if not known[name] then redis.call('PUBLISH', ARGV[1], cjson.encode({ type = type, name = name })) end
  end
end
local before, wasThere = names()
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
for i = 5, #ARGV do
  if ARGV[4] == 'enter' then redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[i])
  else redis.call('ZREM', KEYS[1], ARGV[i]) end
end
local after, isThere = names()
tell('left', before, isThere)
tell('joined', after, wasThere)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if #after > 0 then redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[2])
else redis.call('ZREM', KEYS[2], ARGV[2]) end
return after
`;

-- What scripts that write begin with, after read.lua.

-- A whole number, as Redis reads it.
local function text(number)
  return string.format('%.0f', number)
end

-- Bytes that an entry counts, also if it has ended.
local function size(key)
  if call('HEXISTS', values, key) == 0 then return 0 end
  return #key + call('HSTRLEN', values, key) + 64
end

local function used()
  return tonumber(call('HGET', meta, 'used')) or 0
end

local function grow(bytes)
  if bytes ~= 0 then call('HINCRBY', meta, 'used', text(bytes)) end
end

-- Whoever removes an entry takes its bytes off with `grow`.
local function remove(key)
  call('HDEL', values, key)
  call('HDEL', versions, key)
  call('ZREM', names, key)
  call('ZREM', ends, key)
end

-- A version that is larger than all before. It follows the clock, so that a server that has lost its last changes does
-- not give their versions to others. Numbers are exact up to 2^53, microseconds until the year 2255.
local function next_version()
  local last = tonumber(call('HGET', meta, 'version')) or 0
  local version = text(math.max(last + 1, now * 1000))
  call('HSET', meta, 'version', version)
  return version
end

-- Keeps all but the value, which the caller sets. `ttl` is in milliseconds; nil: never.
local function keep(key, version, ttl)
  call('HSET', versions, key, version)
  call('ZADD', names, 0, key)
  if ttl then
    call('ZADD', ends, text(now + ttl), key)
  else
    call('ZREM', ends, key)
  end
end

-- Removes at most so many entries that have ended, and says how many there were.
local function sweep(most)
  local ended = call('ZRANGEBYSCORE', ends, '-inf', text(now), 'LIMIT', 0, most)
  local freed = 0
  for _, key in ipairs(ended) do
    freed = freed + size(key)
    remove(key)
  end
  grow(-freed)
  return #ended
end

-- Why a store may not become so large: ended entries are still to be swept, or it is full.
local function refused()
  if call('ZCOUNT', ends, '-inf', text(now)) > 0 then return { 'again' } end
  return { 'full' }
end

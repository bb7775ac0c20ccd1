-- What all scripts begin with. What a call means is said in semantics.rs; these do the same, within Redis.
--
-- A store is five keys of Redis: its keys in order (a sorted set whose scores are equal is in the order of bytes), their
-- values, their versions, when those end that have a time to live (milliseconds since 1970), and `meta`: the last
-- version, and the bytes in use. An entry is in the first three or in none. Ended entries are in use until swept.
local names, values, versions, ends, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local call = redis.call

-- The time is this server's, so that all hosts have the same. Tests pass theirs.
local now = tonumber(ARGV[1])
if not now then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function has_ended(key)
  local time = call('ZSCORE', ends, key)
  return time and tonumber(time) <= now
end

local function is_there(key)
  return call('HEXISTS', values, key) == 1 and not has_ended(key)
end

-- increment: most entries to sweep, quota, key, delta, ttl or '' → ok and the sum; full, again, number or overflow.
local quota, key, delta, ttl = tonumber(ARGV[3]), ARGV[4], ARGV[5], tonumber(ARGV[6])
sweep(ARGV[2])
if not is_there(key) and size(key) > 0 then
  -- It has ended, but others were swept first.
  grow(-size(key))
  remove(key)
end
local old, before = size(key), call('HGET', values, key)
-- Redis adds with 64 bits and reads numbers as they are written here; numbers of Lua have 53.
local added = redis.pcall('HINCRBY', values, key, delta)
if type(added) == 'table' then
  if string.find(added.err, 'not an integer', 1, true) then return { 'number' } end
  if string.find(added.err, 'overflow', 1, true) then return { 'overflow' } end
  return added
end
local sum = call('HGET', values, key)
local new = size(key)
if new > old and used() - old + new > quota then
  if before then call('HSET', values, key, before) else call('HDEL', values, key) end
  return refused()
end
if before then
  call('HSET', versions, key, next_version())
else
  keep(key, next_version(), ttl)
end
grow(new - old)
return { 'ok', sum }

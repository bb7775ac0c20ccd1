-- swap: most entries to sweep, quota, key, what is expected (absent, value or version), the value or version,
-- set or delete, the new value, its ttl or ''
-- → ok and the new version, if there is one; not, and the version and the value that are there; full or again.
local quota, key, kind, expected = tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local delete, value, ttl = ARGV[7] == 'delete', ARGV[8], tonumber(ARGV[9])
sweep(ARGV[2])
local there = is_there(key)
local matches
if kind == 'absent' or not there then
  matches = kind == 'absent' and not there
elseif kind == 'value' then
  matches = call('HGET', values, key) == expected
else
  matches = call('HGET', versions, key) == expected
end
if not matches then
  if not there then return { 'not' } end
  return { 'not', call('HGET', versions, key), call('HGET', values, key) }
end
local old = size(key)
if delete then
  grow(-old)
  remove(key)
  return { 'ok' }
end
local new = #key + #value + 64
if new > old and used() - old + new > quota then return refused() end
local version = next_version()
call('HSET', values, key, value)
keep(key, version, ttl)
grow(new - old)
return { 'ok', version }

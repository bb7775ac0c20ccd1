-- set: most entries to sweep, quota, then key, value, ttl or '' for each, no key twice → ok, full or again.
local quota = tonumber(ARGV[3])
sweep(ARGV[2])
local old, new = 0, 0
for i = 4, #ARGV, 3 do
  old = old + size(ARGV[i])
  new = new + #ARGV[i] + #ARGV[i + 1] + 64
end
if new > old and used() - old + new > quota then return refused() end
for i = 4, #ARGV, 3 do
  local key = ARGV[i]
  call('HSET', values, key, ARGV[i + 1])
  keep(key, next_version(), tonumber(ARGV[i + 2]))
end
grow(new - old)
return { 'ok' }

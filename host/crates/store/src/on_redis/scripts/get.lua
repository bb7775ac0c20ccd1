-- get: most bytes of values, keys → ok, then for each key its version and value, or nil; or large.
local room = tonumber(ARGV[2])
local found = { 'ok' }
for i = 3, #ARGV do
  local key = ARGV[i]
  local version = call('HGET', versions, key)
  if version and not has_ended(key) then
    room = room - call('HSTRLEN', values, key)
    if room < 0 then return { 'large' } end
    found[#found + 1] = { version, call('HGET', values, key) }
  else
    found[#found + 1] = false
  end
end
return found

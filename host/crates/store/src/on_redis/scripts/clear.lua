-- clear: from, to, most entries → how many were there, and 1 if more are left.
local most = tonumber(ARGV[4])
local batch = call('ZRANGEBYLEX', names, ARGV[2], ARGV[3], 'LIMIT', 0, most + 1)
local there, freed = 0, 0
for i = 1, math.min(#batch, most) do
  local key = batch[i]
  if is_there(key) then there = there + 1 end
  freed = freed + size(key)
  remove(key)
end
grow(-freed)
return { there, #batch > most and 1 or 0 }

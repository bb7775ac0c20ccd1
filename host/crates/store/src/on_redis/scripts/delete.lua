-- delete: keys, none twice → how many were there.
local there, freed = 0, 0
for i = 2, #ARGV do
  local key = ARGV[i]
  local bytes = size(key)
  if bytes > 0 then
    if is_there(key) then there = there + 1 end
    freed = freed + bytes
    remove(key)
  end
end
grow(-freed)
return there

-- list: from, to, most entries, most bytes, most entries to look at, '1' for keys only
-- → the page's last key or nil if nothing follows, then for each entry its key, version, value, and how many
-- milliseconds it will still be there, or nil.
local from, to = ARGV[2], ARGV[3]
local limit, room, most_seen = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local keys_only = ARGV[7] == '1'
local page, count, seen, last = { false }, 0, 0, nil
while true do
  local batch = call('ZRANGEBYLEX', names, from, to, 'LIMIT', 0, limit + 1)
  for _, key in ipairs(batch) do
    local bytes = #key
    if not keys_only then bytes = bytes + call('HSTRLEN', values, key) end
    -- A page has an entry, however large.
    if count >= limit or (bytes > room and count > 0) or seen == most_seen then
      page[1] = last
      return page
    end
    seen = seen + 1
    last = key
    local time = tonumber(call('ZSCORE', ends, key))
    if not time or time > now then
      room = math.max(room - bytes, 0)
      count = count + 1
      page[#page + 1] = key
      page[#page + 1] = call('HGET', versions, key)
      page[#page + 1] = keys_only and '' or call('HGET', values, key)
      page[#page + 1] = time and string.format('%.0f', time - now) or false
    end
  end
  if #batch <= limit then return page end
  from = '(' .. last
end

-- The claims of the surface whose claims KEYS[1] holds that were lost, at most ARGV[2]; each is stored under ARGV[1] and its name.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function text(number) return string.format('%.0f', number) end

local rows = {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', text(now), 'LIMIT', 0, 10000)) do
    local found = redis.call('HMGET', ARGV[1] .. name, 'state', 'scope', 'epoch', 'attempts', 'until', 'at')
    if found[1] ~= '1' then
        redis.call('ZREM', KEYS[1], name)
    elseif tonumber(found[5]) > now then
        -- It was renewed.
        redis.call('ZADD', KEYS[1], found[5], name)
    elseif #rows < tonumber(ARGV[2]) then
        table.insert(rows, {name, found[2], found[3], found[4], found[5], found[6]})
    end
end
return rows

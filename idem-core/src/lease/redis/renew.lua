-- Renews the claims KEYS; each has its epoch and the length of its lease in ARGV. Gives the places of those that were, from 1.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local renewed = {}
for place, key in ipairs(KEYS) do
    -- Where a key holds something else the others are renewed all the same.
    local found = redis.pcall('HMGET', key, 'state', 'epoch')
    if found[1] == '1' and found[2] == ARGV[2 * place - 1] then
        redis.call('HSET', key, 'until', string.format('%.0f', now + tonumber(ARGV[2 * place])))
        table.insert(renewed, place)
    end
end
return renewed

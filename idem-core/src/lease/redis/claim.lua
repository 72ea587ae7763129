-- Claims KEYS[1], for the request ARGV[1], as owner ARGV[2], for ARGV[3] microseconds; with ARGV[4] = 1 also a claim whose owner lost
-- its lease. KEYS[2] holds the highest epoch of all claims, KEYS[3] those of the surface that are claimed, by the ends of their leases.
-- Gives 1, epoch, attempts and checkpoint; or 0, what is recorded, and the time.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function text(number) return string.format('%.0f', number) end

local found = redis.call('HMGET', KEYS[1], 'fingerprint', 'state', 'epoch', 'owner', 'until', 'attempts', 'outcome', 'checkpoint',
    'at', 'expires_at', 'scope')
local fingerprint, state, epoch, owner = found[1], found[2], tonumber(found[3] or 0), found[4]
local claimed = state == '1'
local again = claimed and fingerprint == ARGV[1] and owner == ARGV[2]
local expired = state and not claimed and found[10] and tonumber(found[10]) <= now
local lost = claimed and fingerprint == ARGV[1] and tonumber(found[5]) <= now and ARGV[4] == '1'
if state and state ~= '3' and not (expired or again or lost) then
    table.insert(found, text(now))
    return {0, found}
end

local attempts = 1
if again then
    attempts = tonumber(found[6])
else
    if claimed then attempts = tonumber(found[6]) + 1 end
    epoch = math.max(epoch + 1, tonumber(redis.call('GET', KEYS[2]) or 0) + 1, now)
    redis.call('SET', KEYS[2], text(epoch))
end
local ends = now + tonumber(ARGV[3])
-- First: what the server refuses here must not leave a claim.
redis.call('ZADD', KEYS[3], text(ends), ARGV[7])
if not claimed then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], 'state', '1', 'epoch', text(epoch), 'owner', ARGV[2], 'until', text(ends),
    'attempts', text(attempts), 'surface', ARGV[5], 'scope', ARGV[6])
if not again then redis.call('HSET', KEYS[1], 'at', text(now)) end
redis.call('PERSIST', KEYS[1])
return {1, {text(epoch), text(attempts), claimed and found[8] or false}}

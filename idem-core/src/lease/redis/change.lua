-- Changes the claim KEYS[1] of the owner of epoch ARGV[2]: ARGV[1] says how. The claims of its surface are listed under ARGV[4] and the
-- surface, it is ARGV[3] there. KEYS[2] holds the highest epoch of all claims. Gives 1 and the time of completion; or 0, what is recorded,
-- and the time.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function text(number) return string.format('%.0f', number) end

local how, mine, name = ARGV[1], ARGV[2], ARGV[3]
local found = redis.call('HMGET', KEYS[1], 'fingerprint', 'state', 'epoch', 'owner', 'until', 'attempts', 'outcome', 'checkpoint',
    'at', 'expires_at', 'scope', 'surface')
local state, epoch = found[2], found[3]
local listed = ARGV[4] .. (table.remove(found) or '')

local function ended(keep)
    redis.call('HDEL', KEYS[1], 'checkpoint')
    redis.call('HSET', KEYS[1], 'at', text(now), 'expires_at', text(now + keep))
    -- What has expired is free, and may stay for a while: an owner whose reply was lost finds it.
    redis.call('PEXPIRE', KEYS[1], text(math.ceil(keep / 1000) + 60000))
    redis.call('ZREM', listed, name)
end
local function completed(outcome, keep)
    redis.call('HSET', KEYS[1], 'state', '2', 'outcome', outcome)
    ended(keep)
end
local function released()
    redis.call('HSET', KEYS[1], 'state', '3')
    ended(0)
end
local function lost()
    redis.call('HSET', KEYS[1], 'until', text(math.min(tonumber(found[5]), now)))
    redis.call('ZADD', listed, text(now), name)
end

if how == 'disown' then
    -- Here the owner is named, and not the epoch.
    if state == '1' and found[4] == mine then
        if tonumber(found[6]) > 1 then
            redis.call('HSET', KEYS[1], 'until', text(now))
            redis.call('ZADD', listed, text(now), name)
        else
            released()
        end
    end
    return {1, {text(now)}}
end
local held = state == '1' and epoch == mine
if how == 'complete' and (held or state == '2' and epoch == mine) then
    if held then completed(ARGV[5], tonumber(ARGV[6])) end
    return {1, {held and text(now) or found[9]}}
elseif how == 'release' and (held or state == '3' and epoch == mine) then
    if held then released() end
    return {1, {text(now)}}
elseif how == 'abandon' and held then
    lost()
    return {1, {text(now)}}
elseif how == 'save' and held then
    redis.call('HSET', KEYS[1], 'checkpoint', ARGV[5])
    return {1, {text(now)}}
elseif how == 'resolve' and held and tonumber(found[5]) <= now then
    local next = math.max(tonumber(epoch) + 1, now)
    redis.call('HSET', KEYS[1], 'epoch', text(next), 'reason', ARGV[8])
    local floor = tonumber(redis.call('GET', KEYS[2]) or 0)
    redis.call('SET', KEYS[2], text(math.max(floor, next)))
    if ARGV[7] == '1' then completed(ARGV[5], tonumber(ARGV[6])) else released() end
    return {1, {text(now)}}
end
table.insert(found, text(now))
return {0, found}

-- Requests to the token endpoint, and to introspection, for wrk. Settings come as words after `--`:
--
--   credentials=FILE  one `base64(client_id:client_secret)` a line, all of one length (made by benches/run)
--   pick=random       a random line for each request; `each`: one after the other, from the first
--   what=token        the right secret; `wrong-secret`: a known id with another key's secret; `unknown-id`: a random,
--                     well-formed id with a well-formed secret; `nobody`: no credentials at all
--                     `introspect`: whether a random one of the `tokens` is live, asked with the first credentials
--   tokens=FILE       one token a line
--   seed=N            of the random choices
--   rate=N            requests a second, spread evenly over all connections (0: as fast as answers come)
--   forwarded=random  another X-Forwarded-For each time; `none`: the header is left out
--   statuses=count    count the answers by status. Costs wrk time, so only where statuses other than 200 are expected:
--                     without it, wrk's own count of statuses above 399 says whether all was well
--
-- The last line printed is a JSON object with the figures.

local ffi = require("ffi")
ffi.cdef[[
  typedef struct { long seconds; long nanoseconds; } claviger_timespec;
  int clock_gettime(int clock, claviger_timespec *time);
]]
local MONOTONIC = 1
local timespec = ffi.new("claviger_timespec")

local function now_ms()
  ffi.C.clock_gettime(MONOTONIC, timespec)
  return tonumber(timespec.seconds) * 1000 + tonumber(timespec.nanoseconds) / 1e6
end

local function settings_of(words)
  local settings = { pick = "random", what = "token", seed = "1", rate = "0", forwarded = "none", statuses = "no" }
  for _, word in ipairs(words) do
    local name, value = word:match("^([%a_]+)=(.*)$")
    assert(name, "not a setting: " .. word)
    settings[name] = value
  end
  return settings
end

-- base64 of the 30 bytes of `key_` + 26 Crockford base32 digits, from tables: `key`, `_` and two digits, eight times
-- three digits. The first digit is 0-7, as in every ULID.
local function unknown_ids()
  local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  local crockford = "0123456789abcdefghjkmnpqrstvwxyz"
  local function base64_of_three(text)
    local a, b, c = text:byte(1, 3)
    local bits, out = a * 65536 + b * 256 + c, {}
    for digit = 4, 1, -1 do
      local at = bits % 64
      out[digit] = alphabet:sub(at + 1, at + 1)
      bits = (bits - at) / 64
    end
    return table.concat(out)
  end
  local first, other = {}, {}
  for i = 1, 8 do
    for j = 1, 32 do
      first[#first + 1] = base64_of_three("_" .. crockford:sub(i, i) .. crockford:sub(j, j))
    end
  end
  for i = 1, 32 do
    for j = 1, 32 do
      for k = 1, 32 do
        other[#other + 1] = base64_of_three(crockford:sub(i, i) .. crockford:sub(j, j) .. crockford:sub(k, k))
      end
    end
  end
  local key = base64_of_three("key")
  local random = math.random
  return function()
    return key .. first[random(#first)] .. other[random(#other)] .. other[random(#other)] .. other[random(#other)]
      .. other[random(#other)] .. other[random(#other)] .. other[random(#other)] .. other[random(#other)] .. other[random(#other)]
  end
end

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local settings = settings_of(args)
  local random = math.random
  math.randomseed(tonumber(settings.seed))
  local request_line = "POST /connect/" .. (settings.what == "introspect" and "introspect" or "token") .. " HTTP/1.1"

  local file = assert(io.open(settings.credentials, "rb"))
  local lines = file:read("*a")
  file:close()
  local length = lines:find("\n", 1, true)
  local count = #lines / length
  assert(count >= 1 and count == math.floor(count), "lines of different lengths in " .. settings.credentials)
  -- 30 bytes of id are 40 base64 digits, whatever follows them.
  local id_length = 40

  local body = "grant_type=client_credentials"
  local function head_for(text)
    return request_line .. "\r\nHost: " .. wrk.host .. ":" .. wrk.port
      .. "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " .. #text
  end
  local head = head_for(body)
  local authorization = "\r\nAuthorization: Basic "
  local tail = "\r\n\r\n" .. body

  local at = -1
  local function next_line()
    if settings.pick == "each" then
      at = (at + 1) % count
      return at
    end
    return random(0, count - 1)
  end
  local function id_of(line) return lines:sub(line * length + 1, line * length + id_length) end
  local function secret_of(line) return lines:sub(line * length + id_length + 1, line * length + length - 1) end

  local credentials
  if settings.what == "token" then
    credentials = function()
      local line = next_line()
      return authorization .. lines:sub(line * length + 1, line * length + length - 1)
    end
  elseif settings.what == "wrong-secret" then
    assert(count > 1, "a wrong secret takes two keys")
    credentials = function()
      local line = next_line()
      return authorization .. id_of(line) .. secret_of((line + 1) % count)
    end
  elseif settings.what == "unknown-id" then
    local unknown_id = unknown_ids()
    credentials = function() return authorization .. unknown_id() .. secret_of(random(0, count - 1)) end
  elseif settings.what == "nobody" then
    credentials = function() return "" end
  elseif settings.what == "introspect" then
    credentials = nil
  else
    error("what=" .. settings.what)
  end

  if settings.what == "introspect" then
    local requests = {}
    for token in io.lines(settings.tokens) do
      local form = "token=" .. token
      requests[#requests + 1] = head_for(form) .. authorization .. lines:sub(1, length - 1) .. "\r\n\r\n" .. form
    end
    assert(#requests >= 1, "no token in " .. settings.tokens)
    request = function() return requests[random(#requests)] end
  elseif settings.forwarded == "random" then
    request = function()
      return head .. credentials() .. "\r\nX-Forwarded-For: 10." .. random(0, 255) .. "." .. random(0, 255) .. "."
        .. random(1, 254) .. tail
    end
  else
    request = function() return head .. credentials() .. tail end
  end

  local rate = tonumber(settings.rate)
  if rate > 0 then
    local due = now_ms()
    -- Whichever connection is free takes the next moment of the timetable; none is skipped when answers are late.
    delay = function()
      local now = now_ms()
      due = due + 1000 / rate
      return math.max(0, math.floor(due - now + 0.5))
    end
  end

  if settings.statuses == "count" then
    s200, s400, s401, s429, s503, others = 0, 0, 0, 0, 0, 0
    response = function(status)
      if status == 200 then s200 = s200 + 1
      elseif status == 401 then s401 = s401 + 1
      elseif status == 429 then s429 = s429 + 1
      elseif status == 400 then s400 = s400 + 1
      elseif status == 503 then s503 = s503 + 1
      else others = others + 1 end
    end
  end
end

function done(summary, latency)
  local errors = summary.errors
  local parts = {
    string.format('"requests":%d,"microseconds":%d,"bytes":%d', summary.requests, summary.duration, summary.bytes),
    string.format('"status_errors":%d,"socket_errors":%d', errors.status, errors.connect + errors.read + errors.write + errors.timeout),
    string.format('"p50_us":%d,"p99_us":%d,"max_us":%d', latency:percentile(50), latency:percentile(99), latency.max),
  }
  for _, name in ipairs({ "s200", "s400", "s401", "s429", "s503", "others" }) do
    local sum
    for _, thread in ipairs(threads) do
      local value = thread:get(name)
      if value then sum = (sum or 0) + value end
    end
    if sum then parts[#parts + 1] = string.format('"%s":%d', name, sum) end
  end
  print("{" .. table.concat(parts, ",") .. "}")
end

-- Sends the requests of a file in turn, one a line: method, path and body with
-- tabs between. {n} becomes a number that no other request of any run has.
-- Prints one line of JSON.
local requests, unique, serial = {}, false, 0

function init(args)
  for line in io.lines(args[1]) do
    local method, path, body = line:match('^(%u+)\t([^\t]*)\t?(.*)$')
    if line:find('{n}', 1, true) then unique = true end
    requests[#requests + 1] = { method = method, path = path, body = body ~= '' and body or nil }
  end
  serial = tonumber(args[2])
  if not unique then
    for at, one in ipairs(requests) do requests[at] = wrk.format(one.method, one.path, nil, one.body) end
  end
end

local at = 0
function request()
  at = at % #requests + 1
  if not unique then return requests[at] end
  local one = requests[at]
  serial = serial + 1
  local n = string.format('%d', serial)
  local fill = function(text) return text and text:gsub('{n}', n) end
  return wrk.format(one.method, (fill(one.path)), nil, (fill(one.body)))
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"durationMs":%.3f,"refused":%d,"broken":%d,"p50Ms":%.4f,"p99Ms":%.4f}\n',
    summary.requests, summary.duration / 1000, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end

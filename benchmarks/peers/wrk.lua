-- wrk's side: 10,000 requests made beforehand, so that it builds nothing while it is measured. It reads no header of an
-- answer, so it can't check ids. Arguments: URI_COUNT TARGET_PREFIX TEXT1 TEXT2_PREFIX, the last three of toast.json.

local requests, next_request, started = {}, 0, 0

local function toast(text1, text2)
  return '<?xml version="1.0" encoding="utf-8"?><wp:Notification xmlns:wp="WPNotification"><wp:Toast><wp:Text1>' ..
      text1 .. '</wp:Text1><wp:Text2>' .. text2 .. '</wp:Text2></wp:Toast></wp:Notification>'
end

local function escape(text)
  return (text:gsub('&', '&amp;'):gsub('<', '&lt;'))
end

function init(args)
  local headers = {
    ['Content-Type'] = 'text/xml',
    ['X-WindowsPhone-Target'] = 'toast',
    ['X-NotificationClass'] = '2',
  }
  for key, value in pairs(wrk.headers) do headers[key] = value end
  local count = tonumber(args[1])
  for id = 0, count - 1 do
    local body = toast(escape(args[3]), escape(args[4] .. string.format('%05d', id % 100000)))
    requests[id] = wrk.format('POST', args[2] .. string.format('%07d', id), headers, body)
  end
  requests.count = count
  started = os.clock()
end

function request()
  local made = requests[next_request]
  next_request = (next_request + 1) % requests.count
  return made
end

local function peak_kib()
  for line in io.lines('/proc/self/status') do
    local peak = line:match('^VmHWM:%s+(%d+)')
    if peak then return tonumber(peak) end
  end
  return 0
end

function done(summary)
  local errors = summary.errors
  io.write(string.format(
    '{"sends": %d, "errors": %d, "wall_seconds": %.6f, "cpu_seconds": %.6f, "peak_kib": %d, "ids_checked": 0, "ids_wrong": 0}\n',
    summary.requests, errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    summary.duration / 1e6, os.clock() - started, peak_kib()))
end

--[[
Reads Assay's X-Assay-Report and turns it into symbols, so that rspamd weighs what Assay found and checks nothing
of it again. Assay must stand before rspamd (assay setup postfix puts it first): it takes every field X-Assay-* out
of mail that arrives and writes its own on top, so that the first one is Assay's.

Install: copy to /etc/rspamd/assay.lua, and load it with the line
    dofile("/etc/rspamd/assay.lua")
in /etc/rspamd/rspamd.local.lua. Scores are a beginning; local.d/groups.conf changes them:
    group "assay" { symbols { "ASSAY_FAIL" { weight = 2.0; } } }

The field is `KEY:value;` repeated (docs/stamp.md). A value never holds ";" or a blank. Keys that are not known are
passed over; another version than 1, or a key that stands twice, makes it no field of ours.
]]

local symbols = {
  -- The composite verdict.
  ASSAY_PASS = { -0.5, 'The sender is who it claims to be' },
  ASSAY_SOFTPASS = { 0.0, 'The sender is likely who it claims to be' },
  ASSAY_FAIL = { 3.0, 'The sender is not who it claims to be, or nobody vouches for it' },
  ASSAY_NONE = { 0.0, 'The sender was not judged' },
  -- What was done, where the message still arrived.
  ASSAY_JUNK = { 6.0, 'Assay marked the message as junk' },
  ASSAY_QUARANTINE = { 8.0, 'Assay would hold the message back' },
  -- What enforcing would have done; for looking, without a weight.
  ASSAY_WITHHELD = { 0.0, 'A rule that is only observed would have acted' },
  -- What is known of the pair of sender and infrastructure.
  ASSAY_ALLOWED = { -3.0, 'An entry of the operator allows the sender' },
  ASSAY_GOOD = { -0.5, 'History knows the sender as good' },
  ASSAY_SUSPICIOUS = { 2.0, 'Something about the sender is suspicious' },
  ASSAY_BLOCKED = { 8.0, 'An entry of the operator blocks the sender' },
}

local by_verdict = { pass = 'ASSAY_PASS', softpass = 'ASSAY_SOFTPASS', fail = 'ASSAY_FAIL', none = 'ASSAY_NONE' }
local by_action = { junk = 'ASSAY_JUNK', quarantine = 'ASSAY_QUARANTINE', reject = 'ASSAY_QUARANTINE' }
local by_standing =
  { allowed = 'ASSAY_ALLOWED', good = 'ASSAY_GOOD', suspicious = 'ASSAY_SUSPICIOUS', blocked = 'ASSAY_BLOCKED' }

local function parsed(text)
  local parts = {}
  local flat = text:gsub('%s+', '')
  for key, value in string.gmatch(flat, '([A-Z]+):([^;]*);') do
    if parts[key] then return nil end
    parts[key] = value
  end
  if parts.V ~= '1' then return nil end
  return parts
end

local function check(task)
  local fields = task:get_header_full('X-Assay-Report')
  if not fields or not fields[1] then return end
  local report = parsed(fields[1].value or '')
  -- Mail of our own users is not judged by where it comes from.
  if not report or report.DIR ~= 'INB' then return end
  local function found(symbol, option)
    if symbol then task:insert_result(symbol, 1.0, option) end
  end
  found(by_verdict[report.COMPAUTH], report.REASON)
  found(by_action[report.ACTION], report.ID)
  found(by_standing[report.STANDING], report.SUSPICION)
  if report.WITHHELD and report.WITHHELD ~= '' then found('ASSAY_WITHHELD', report.WITHHELD) end
end

local parent = rspamd_config:register_symbol({
  name = 'ASSAY_CHECK',
  type = 'callback',
  callback = check,
  group = 'assay',
})

for name, about in pairs(symbols) do
  rspamd_config:register_symbol({ name = name, type = 'virtual', parent = parent, group = 'assay' })
  rspamd_config:set_metric_symbol({ name = name, score = about[1], description = about[2], group = 'assay' })
end

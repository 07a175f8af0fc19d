-- What the scripts of this folder share: each step of a milter conversation, which ends the script where the filter does otherwise.
-- miltertest sets `place`, the filter's socket.

-- miltertest tells of an error by its exit status alone.
function fail(why)
  mt.echo(why)
  error(why)
end

function must(what, problem)
  if problem ~= nil then fail(what .. ": " .. tostring(problem)) end
end

function replied(conn, wanted, what)
  local got = mt.getreply(conn)
  if got ~= wanted then fail(what .. ": reply " .. tostring(got) .. ", wanted " .. tostring(wanted)) end
end

function check(fact, what)
  if not fact then fail(what) end
end

function open(version, actions, steps)
  local conn = mt.connect(place, 5, 0.2)
  if conn == nil then fail("no connection to " .. place) end
  -- miltertest 1.5 puts the two masks on the wire in the other order than its manual says.
  must("negotiation", mt.negotiate(conn, version, steps, actions))
  return conn
end

function client(conn, ip, name)
  must("connection", mt.conninfo(conn, name, ip))
  must("HELO", mt.helo(conn, name))
end

function envelope(conn, from, recipients)
  mt.macro(conn, SMFIC_MAIL, "i", "QUEUED")
  must("MAIL", mt.mailfrom(conn, "<" .. from .. ">", "SIZE=1000"))
  replied(conn, SMFIR_CONTINUE, "MAIL")
  for _, recipient in ipairs(recipients) do
    must("RCPT", mt.rcptto(conn, "<" .. recipient .. ">"))
    replied(conn, SMFIR_CONTINUE, "RCPT")
  end
end

function message(conn, fields, body)
  for _, field in ipairs(fields) do must("header", mt.header(conn, field[1], field[2])) end
  must("end of header", mt.eoh(conn))
  must("body", mt.bodystring(conn, body))
  must("end of message", mt.eom(conn))
end

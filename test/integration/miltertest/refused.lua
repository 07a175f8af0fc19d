-- Forged mail is refused at its end, in the words of the policy; a client over IPv6 without a PTR at RCPT.
dofile(folder .. "/dialogue.lua")

local conn = open(nil, nil, nil)
client(conn, "203.0.113.9", "mail.evil.example")
envelope(conn, "x@evil.example", { "bob@us.example" })
message(conn, { { "From", " ceo@good.example" } }, "pay 100% now\r\n")
replied(conn, SMFIR_REPLYCODE, "end of message")
-- miltertest keeps no text of a last reply; the test reads it from the decision.
check(not mt.eom_check(conn, MT_HDRINSERT), "stamped though refused")
mt.disconnect(conn)

local six = open(nil, nil, nil)
client(six, "2001:db8::66", "mail.evil.example")
must("MAIL", mt.mailfrom(six, "<x@evil.example>"))
replied(six, SMFIR_CONTINUE, "MAIL over IPv6")
must("RCPT", mt.rcptto(six, "<bob@us.example>"))
replied(six, SMFIR_REPLYCODE, "RCPT over IPv6 without a PTR")
-- The server tries another recipient.
must("RCPT", mt.rcptto(six, "<eve@us.example>"))
replied(six, SMFIR_REPLYCODE, "RCPT over IPv6 without a PTR")
mt.disconnect(six, false)
mt.echo("refused")

-- Two messages on one connection, the second after one that was given up: stamped, a forged result removed, delivered.
dofile(folder .. "/dialogue.lua")

local conn = open(nil, nil, nil)
check(mt.test_action(conn, SMFIF_ADDHDRS), "may insert")
check(mt.test_action(conn, SMFIF_CHGHDRS), "may remove")
check(mt.test_action(conn, SMFIF_QUARANTINE), "may hold")
check(not mt.test_action(conn, SMFIF_CHGBODY), "asks to change bodies")
check(not mt.test_action(conn, SMFIF_ADDRCPT), "asks to add recipients")
check(not mt.test_option(conn, SMFIP_NODATA), "leaves DATA out, whose answer the message follows at once")
check(mt.test_option(conn, SMFIP_HDR_LEADSPC), "wants leading spaces")
client(conn, "192.0.2.1", "mail.good.example")

envelope(conn, "ada@good.example", { "bob@us.example", "eve@us.example" })
message(conn, {
  { "From", " Ada <ada@good.example>" },
  { "Authentication-Results", " mx.us.example; spf=pass smtp.mailfrom=forged.example" },
  { "Authentication-Results", " other.example; spf=pass smtp.mailfrom=good.example" },
  { "Subject", " folded\n\tas Postfix and Sendmail say it" },
}, "one\r\n")
replied(conn, SMFIR_CONTINUE, "end of message")
check(mt.eom_check(conn, MT_HDRINSERT, "Authentication-Results"), "no results")
check(mt.eom_check(conn, MT_HDRINSERT, "X-Assay-Report"), "no report")
check(mt.eom_check(conn, MT_HDRDELETE, "authentication-results"), "forged results stay")
local results = mt.getheader(conn, "Authentication-Results", 0)
check(results ~= nil, "no results to read")
check(string.find(results, "^ mx%.us%.example;\n spf=pass smtp%.mailfrom=good%.example") ~= nil, "results: " .. results)

envelope(conn, "gone@good.example", { "bob@us.example" })
must("header", mt.header(conn, "From", " gone@good.example"))
must("end of header", mt.eoh(conn))
must("body", mt.bodyrandom(conn, 200000))
must("abort", mt.abort(conn))

envelope(conn, "", { "bob@us.example" })
must("header", mt.header(conn, "From", " mailer-daemon@plain.example"))
must("end of header", mt.eoh(conn))
must("body", mt.bodyrandom(conn, 300000))
must("end of message", mt.eom(conn))
replied(conn, SMFIR_CONTINUE, "end of the second message")
check(mt.eom_check(conn, MT_HDRINSERT, "Authentication-Results"), "no results on the second")
check(not mt.eom_check(conn, MT_HDRDELETE), "what was removed from the first")
mt.disconnect(conn)
mt.echo("delivered")

/** Conversations with the door over a real socket, as Postfix, Sendmail and a server of version 2 hold them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import type { Disposition } from "../../src/gateway/dialogue/journey.ts";
import { accepted } from "../plain-dialogue.ts";
import { folder, openedDoor, recordingService } from "./door.ts";
import { abort, body, client, content, eoh, eom, field, helo, Mta, macros, mail, offers, optneg, quit, rcpt, sent } from "./mta.ts";

const stamped: Disposition = { ...accepted, headers: ["A: one;\r\n two", "B: three"] };
const fields = [["From", " <a@x.example>"]] as const;

test("Postfix 3.7, octet for octet: negotiation, one answer each for MAIL, RCPT and the end, fields with their leading space", async (t) => {
  const { service, said } = recordingService({ data: () => stamped });
  const { door, faults, connections } = await openedDoor(t, service);
  const mta = await Mta.at(door.place);
  assert.equal(await mta.ask(optneg(offers.postfix)), "O");
  const negotiated = mta.raw.length;
  mta.write(macros("C", "j", "mx", "{daemon_name}", "smtpd"), client(), macros("H", "{tls_version}", "TLSv1.3", "{cipher}", "X"), helo());
  assert.equal(await mta.ask(macros("M"), mail("a@x.example", "SIZE=100", "BODY=8BITMIME")), "c");
  assert.equal(await mta.ask(macros("R", "i", "Q1", "{rcpt_mailer}", "local"), rcpt("b@us.example")), "c");
  await mta.verdict(macros("T", "i", "Q1"), macros("N", "i", "Q1"), content(fields));
  const answers = "\0\0\0\x01c\0\0\0\x01c\0\0\0\x0ei\0\0\0\0B\0 three\0\0\0\0\x12i\0\0\0\0A\0 one;\n two\0\0\0\0\x01c";
  assert.equal(mta.raw.toString("latin1", negotiated), answers);
  mta.write(quit);
  await mta.closed();
  const [one] = said;
  assert.deepEqual(one?.client, {
    listener: "inbound",
    ip: "192.0.2.1",
    helo: "mail.good.example",
    tls: { version: "TLSv1.3", cipher: "X", subject: null },
    authenticatedAs: null,
  });
  assert.deepEqual([one?.mailFrom, one?.rcptTo, one?.queueId], ["a@x.example", ["b@us.example"], "Q1"]);
  assert.equal(one?.message?.toString(), "From: <a@x.example>\r\n\r\nbody\r\n");
  assert.deepEqual([faults, connections], [[], ["opened", "closed"]]);
});

test("Sendmail: IPv6 with its prefix, the queue id at MAIL, DATA not sent, last piece of the body with the end, K for the next client", async (t) => {
  const { service, said } = recordingService();
  const { door } = await openedDoor(t, service);
  const mta = await Mta.at(door.place);
  assert.equal(await mta.ask(optneg(offers.sendmail)), "O");
  mta.write(macros("C", "j", "mx", "_", "x"), client("IPv6:2001:db8::1"), macros("H"), helo());
  mta.write(macros("M", "i", "Q1", "{auth_authen}", "ada", "{mail_addr}", "a@x.example"), mail("a@x.example"));
  assert.equal((await mta.next()).letter, "c");
  assert.equal(await mta.ask(macros("R", "{rcpt_mailer}", "local"), rcpt("b@us.example")), "c");
  const [last] = await mta.verdict(field("From", " <a@x.example>"), eoh, body("some "), sent("E", "more\r\n"));
  assert.equal(last?.letter, "c");
  mta.write(sent("K"), macros("C", "{daemon_name}", "MSA"), client("192.0.2.2"));
  assert.equal(await mta.ask(mail("c@x.example")), "c");
  mta.write(quit);
  await mta.closed();
  assert.deepEqual([said[0]?.client.ip, said[0]?.client.authenticatedAs, said[0]?.queueId], ["2001:db8::1", "ada", "Q1"]);
  assert.equal(said[0]?.message?.toString(), "From: <a@x.example>\r\n\r\nsome more\r\n");
  assert.deepEqual([said[1]?.client.ip, said[1]?.client.helo, said[1]?.client.authenticatedAs], ["192.0.2.2", null, null]);
});

test("a server of version 2 gets an answer to every packet, and keeps the leading space to itself", async (t) => {
  const { service, said } = recordingService({ data: () => stamped });
  const { door } = await openedDoor(t, service);
  const mta = await Mta.at(door.place);
  const reply = await mta.verdict(optneg(offers.old), client());
  assert.deepEqual(
    reply.map(({ letter }) => letter),
    ["O", "c"],
  );
  for (const packet of [
    helo(),
    mail("a@x.example"),
    rcpt("b@us.example"),
    field("From", "<a@x.example>"),
    field("S", "\tx"),
    eoh,
    body("b"),
  ]) {
    assert.equal(await mta.ask(packet), "c");
  }
  const edits = await mta.verdict(eom);
  assert.deepEqual(
    edits.map(({ letter, data }) => letter + data.toString("latin1")),
    ["i\0\0\0\0B\0three\0", "i\0\0\0\0A\0one;\n two\0", "c"],
  );
  assert.equal(said[0]?.message?.toString(), "From: <a@x.example>\r\nS:\tx\r\n\r\nb");
});

test("packets cut at every octet come to the same as in one piece", async (t) => {
  const { service, said } = recordingService({ data: () => stamped });
  const { door } = await openedDoor(t, service);
  const first = [optneg(offers.postfix), client(), helo(), mail("a@x.example")];
  const packets = Buffer.concat([
    ...first,
    rcpt("b@us.example"),
    content(fields),
    abort,
    mail("c@x.example"),
    rcpt("d@us.example"),
    content(fields),
    quit,
  ]);
  const whole = await Mta.at(door.place);
  whole.write(packets);
  await whole.closed();
  const pieces = await Mta.at(door.place);
  for (const octet of packets) await pieces.pushed(Buffer.from([octet]));
  await pieces.closed();
  assert.deepEqual(pieces.raw, whole.raw);
  assert.equal(said.length, 4);
  for (const one of said) assert.equal(one.message?.toString(), "From: <a@x.example>\r\n\r\nbody\r\n");
});

test("two messages on one connection know nothing of each other but the connection", async (t) => {
  const { service, said } = recordingService();
  const { door } = await openedDoor(t, service);
  const mta = await Mta.at(door.place);
  mta.write(optneg(offers.postfix), client(), helo());
  await mta.next();
  mta.write(macros("M", "i", "Q1", "{auth_authen}", "ada"), mail("a@x.example"), rcpt("b@us.example"), rcpt("c@us.example"));
  for (let i = 0; i < 3; i += 1) assert.equal((await mta.next()).letter, "c");
  await mta.verdict(content(fields, "one"));
  // Postfix aborts behind the end, too.
  mta.write(abort, mail(""), rcpt("d@us.example"));
  for (let i = 0; i < 2; i += 1) assert.equal((await mta.next()).letter, "c");
  await mta.verdict(content([["Subject", " two"]], "two"));
  const told = said.map((one) => [one.client.helo, one.client.authenticatedAs, one.mailFrom, one.rcptTo.length, one.queueId]);
  assert.deepEqual(told, [
    ["mail.good.example", "ada", "a@x.example", 2, "Q1"],
    ["mail.good.example", null, "", 1, null],
  ]);
  assert.equal(said[1]?.message?.toString(), "Subject: two\r\n\r\ntwo");
});

test("a second EHLO, after STARTTLS, is the one that counts", async (t) => {
  const { service, said } = recordingService();
  const { door } = await openedDoor(t, service);
  const mta = await Mta.at(door.place);
  mta.write(optneg(offers.postfix), client(), helo("first.example"), macros("H", "{tls_version}", "TLSv1.2"), helo("second.example"));
  await mta.next();
  await mta.ask(mail("a@x.example"));
  assert.deepEqual([said[0]?.client.helo, said[0]?.client.tls?.version], ["second.example", "TLSv1.2"]);
});

test("directions: the submission door, a listed daemon, and neither; listed anew for each message", async (t) => {
  const { service, said } = recordingService();
  let outboundDaemons: readonly string[] = ["ORIGINATING"];
  const inbound = await openedDoor(t, service, { habits: () => ({ outboundDaemons, hold: false }) });
  const submission = await openedDoor(t, service, { listener: "submission" });
  assert.equal(submission.door.listener, "submission");
  const one = async (place: string, daemon: string) => {
    const mta = await Mta.at(place);
    mta.write(optneg(offers.postfix), macros("C", "{daemon_name}", daemon), client());
    await mta.next();
    await mta.ask(mail("a@x.example"));
    await mta.ask(abort, mail("a@x.example"));
    outboundDaemons = [];
    await mta.ask(abort, mail("a@x.example"));
  };
  await one(inbound.door.place, "smtpd");
  outboundDaemons = ["ORIGINATING"];
  await one(inbound.door.place, "ORIGINATING");
  await one(submission.door.place, "smtpd");
  const listeners = said.map((each) => each.client.listener);
  assert.deepEqual(listeners, [
    ...["inbound", "inbound", "inbound"],
    ...["submission", "submission", "inbound"],
    ...["submission", "submission", "submission"],
  ]);
});

test("MAIL, single recipients and the message are refused in our own words, and the connection goes on", async (t) => {
  const reply = { code: 450, enhanced: "4.7.25", text: "no %s" };
  const { service, said } = recordingService({
    mail: ({ mailFrom }) => (mailFrom === "bad@x.example" ? reply : null),
    rcpt: (recipient) => (recipient === "v4@us.example" ? reply : null),
    data: () => ({ kind: "refuse", reply: { code: 550, enhanced: "5.7.509", text: "denied" }, inspection: null }),
  });
  const { door } = await openedDoor(t, service);
  const mta = await Mta.at(door.place);
  mta.write(optneg(offers.postfix), client(), helo(), mail("bad@x.example"));
  await mta.next();
  assert.equal((await mta.next()).data.toString("latin1"), "450 4.7.25 no %%s\0");
  assert.equal(await mta.ask(abort, mail("a@x.example")), "c");
  assert.equal(await mta.ask(rcpt("v4@us.example")), "y");
  assert.equal(await mta.ask(rcpt("b@us.example")), "c");
  const [verdict, ...more] = await mta.verdict(content(fields));
  assert.equal(verdict?.data.toString("latin1"), "550 5.7.509 denied\0");
  assert.deepEqual(more, []);
  assert.equal(await mta.ask(mail("a@x.example")), "c");
  assert.equal(said.length, 3);
});

test("a recipient that the server has refused itself is not asked about", async (t) => {
  const { service, said } = recordingService();
  const { door } = await openedDoor(t, service);
  const mta = await Mta.at(door.place);
  mta.write(optneg(offers.postfix), client(), helo());
  await mta.next();
  await mta.ask(mail("a@x.example"));
  assert.equal(await mta.ask(macros("R", "{rcpt_mailer}", "error"), rcpt("nobody@us.example")), "c");
  assert.equal(await mta.ask(rcpt("b@us.example")), "c");
  assert.deepEqual(said[0]?.rcptTo, ["b@us.example"]);
});

test("where no rule refuses a recipient, RCPT is not answered: recipients come with DATA, but for those that the server refuses", async (t) => {
  const { service, said } = recordingService({ isSilentAtRcpt: true });
  const { door, faults } = await openedDoor(t, service);
  // What a server is it says after the negotiation: with its first connection it is not known yet.
  const first = await Mta.at(door.place);
  first.write(optneg(offers.postfix), macros("C", "v", "Postfix 3.7.11"), client(), mail("a@x.example"));
  await first.next();
  await first.next();
  assert.equal(await first.ask(rcpt("b@us.example")), "c");
  first.write(quit);
  said.splice(0);
  const mta = await Mta.at(door.place);
  assert.equal(await mta.ask(optneg(offers.postfix)), "O");
  mta.write(macros("C"), client(), helo());
  assert.equal(await mta.ask(mail("a@x.example")), "c");
  const beyond = limits.milterRecipientsMax + 2;
  const many = Array.from({ length: beyond }, (_, i) => Buffer.concat([macros("R", "{rcpt_mailer}", "local"), rcpt(`b${i}@us.example`)]));
  mta.write(macros("R", "{rcpt_mailer}", "error"), rcpt("nobody@us.example"), ...many);
  // One answer for all of them: that to DATA.
  assert.equal(await mta.ask(sent("T")), "c");
  const [last] = await mta.verdict(content(fields));
  assert.equal(last?.letter, "c");
  mta.write(quit);
  await mta.closed();
  const rcptTo = said[0]?.rcptTo ?? [];
  assert.deepEqual([rcptTo.length, rcptTo[0], rcptTo.at(-1)], [beyond - 2, "b0@us.example", `b${beyond - 3}@us.example`]);
  assert.deepEqual(faults, []);
});

test("more connections than a quiet service has: a server that said it is Postfix waits at MAIL and DATA no more; another one still does", async (t) => {
  const { service } = recordingService({ isSilentAtMail: true, isSilentAtRcpt: true });
  const { door } = await openedDoor(t, service);
  const agreedAt = async (version: string): Promise<string> => {
    const mta = await Mta.at(door.place);
    await mta.ask(optneg(offers.postfix));
    mta.write(macros("C", "v", version), client());
    // Its answer says that what came before has been read.
    mta.write(sent("U", "HELP\0"));
    await mta.next();
    return (mta.raw.readUInt32BE(13) & 0x1_c000).toString(16);
  };
  const [mail, rcpt, data] = [0x4000, 0x8000, 0x1_0000];
  assert.equal(await agreedAt("Postfix 3.7.11"), "0");
  const quiet: string[] = [];
  while (quiet.length < limits.milterBusyConnections - 1) quiet.push(await agreedAt("Postfix 3.7.11"));
  assert.deepEqual(new Set(quiet), new Set([rcpt.toString(16)]));
  const all = (mail | rcpt | data).toString(16);
  assert.equal(await agreedAt("8.17.1"), all);
  // The host is known by what it said last.
  assert.equal(await agreedAt("Postfix 3.7.11"), "0");
  assert.equal(await agreedAt("Postfix 3.7.11"), all);
});

test("forged results behind 256 KB of header: what nobody would look at is refused (552 5.3.4), and the next message is taken", async (t) => {
  const { service, said } = recordingService();
  const { door, faults } = await openedDoor(t, service);
  const mta = await Mta.at(door.place);
  mta.write(optneg(offers.postfix), client(), helo());
  await mta.next();
  const padding = Array.from({ length: 9 }, (_, i) => field(`X-Pad-${i}`, ` ${"x".repeat(30_000)}`));
  const forged = field("Authentication-Results", " mx.us.example; dmarc=pass");
  for (const sized of [[...padding, forged], padding.slice(0, 8)]) {
    assert.equal(await mta.ask(mail("a@x.example")), "c");
    assert.equal(await mta.ask(rcpt("b@us.example")), "c");
    const isTooLong = sized.includes(forged);
    const end = [Buffer.concat(sized), eoh, body("body\r\n".repeat(20_000)), eom];
    const [last] = await mta.verdict(...end);
    assert.match(`${last?.letter}${last?.data.toString()}`, isTooLong ? /^y552 5\.3\.4 / : /^c$/);
  }
  assert.deepEqual([said[0]?.message, (said[1]?.message?.length ?? 0) > 240_000, faults], [null, true, []]);
});

test("a thousand recipients, and those beyond the limit: each is asked about, no more than the limit are kept", async (t) => {
  const { service, said } = recordingService();
  const { door } = await openedDoor(t, service);
  const mta = await Mta.at(door.place);
  mta.write(optneg(offers.postfix), client(), helo());
  await mta.next();
  await mta.ask(mail("a@x.example"));
  const all = limits.milterRecipientsMax + 2;
  mta.write(...Array.from({ length: all }, (_, i) => rcpt(`u${i}@us.example`)));
  for (let i = 0; i < all; i += 1) assert.equal((await mta.next()).letter, "c");
  assert.equal((await mta.verdict(content(fields))).at(-1)?.letter, "c");
  assert.equal(said[0]?.rcptTo.length, all);
  assert.deepEqual(said[0]?.dropped, [`u${all - 2}@us.example`, `u${all - 1}@us.example`]);
});

test("DATA, unknown SMTP commands and unknown packets are answered with continue", async (t) => {
  const { service } = recordingService();
  const { door, faults } = await openedDoor(t, service);
  const mta = await Mta.at(door.place);
  mta.write(optneg([6, 0x1ff, 0]));
  await mta.next();
  for (const packet of [client(), sent("U", "HELP\0"), helo(), mail("a@x.example"), rcpt("b@us.example"), sent("T"), sent("Z", "?")]) {
    assert.equal(await mta.ask(packet), "c");
  }
  assert.deepEqual(faults, []);
});

test("a UNIX socket, and a client on a UNIX socket of the server's", async (t) => {
  const { service, said } = recordingService();
  const path = join(await folder(t), "milter.sock");
  const { door } = await openedDoor(t, service, { at: { kind: "unix", path } });
  assert.equal(door.place, `unix:${path}`);
  const mta = await Mta.at(door.place);
  mta.write(optneg(offers.postfix), sent("C", "localhost\0L", Buffer.from([0, 0]), "/run/x\0"));
  await mta.next();
  assert.equal(await mta.ask(mail("a@x.example")), "c");
  assert.equal(said[0]?.client.ip, null);
});

test("a hold is asked of the server only where it is switched on and the server can", async (t) => {
  const { service } = recordingService({ data: () => ({ ...accepted, hold: "why" }) });
  const letters = async (hold: boolean, offer: readonly [number, number, number]) => {
    const { door } = await openedDoor(t, service, { habits: () => ({ outboundDaemons: [], hold }) });
    const mta = await Mta.at(door.place);
    mta.write(optneg(offer), client(), mail("a@x.example"), rcpt("b@us.example"));
    for (let i = 0; i < 3; i += 1) await mta.next();
    return (await mta.verdict(content(fields))).map(({ letter, data }) => letter + data.toString());
  };
  assert.deepEqual(await letters(true, offers.postfix), ["qwhy\0", "c"]);
  assert.deepEqual(await letters(false, offers.postfix), ["c"]);
  assert.deepEqual(await letters(true, [6, 0x11, 0x1f_ffff]), ["c"]);
});

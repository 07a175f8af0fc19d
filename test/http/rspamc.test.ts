/** RSPAMC/1.3 over real sockets, at the port of the HTTP door: as Exim's spam condition asks, and as nobody should. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { limits } from "../../src/base/limits.ts";
import { plainDialogue, serviceOf } from "../plain-dialogue.ts";
import { letter, openDoor, raw, withDoor } from "./door.ts";

const usual = ["Queue-Id: Q1", "From: <ada@good.example>", "Recipient-Number: 1", "Rcpt: <bob@us.example>", "Helo: mx.good.example"];

/** As Exim 4.96 writes it: the length is of all that follows the blank line. */
function asked(message = letter, lines: readonly string[] = [...usual, "Hostname: evil.example", "IP: 192.0.2.1"], verb = "CHECK"): string {
  return [`${verb} RSPAMC/1.3`, `Content-length: ${Buffer.byteLength(message)}`, ...lines, "", message].join("\r\n");
}

/** What Exim's sscanf reads of the first two lines, and the lines that it gives to its rules. */
function readAsExim(told: string): {
  readonly isSpam: string;
  readonly score: number;
  readonly threshold: number;
  readonly report: string[];
} {
  const read = /^RSPAMD\/(\S{1,7}) 0 EX_OK\s+Metric: default; (\S{1,7}) ([0-9.]+) \/ ([0-9.]+) \/ [0-9.]+\s+(Action: [\s\S]*)$/.exec(told);
  assert.ok(read !== null, told);
  return {
    isSpam: read[2] ?? "",
    score: Number(read[3]),
    threshold: Number(read[4]),
    report: (read[5] ?? "").trimEnd().split(/\r\n(?! )/),
  };
}

test("good mail, as Exim asks: no action, symbols, the stamp on top; and the connection ends", async () => {
  await withDoor({}, async ({ port, decisions, events, door }) => {
    const { isSpam, score, threshold, report } = readAsExim(await raw(port, asked()));
    assert.deepEqual([isSpam, score, threshold], ["False;", 0, 15]);
    assert.deepEqual(report.slice(0, 2), ["Action: no action", "Symbol: ASSAY_COMPAUTH_PASS(0.00); 100"]);
    assert.ok(report.includes("Symbol: DMARC_POLICY_ALLOW(0.00); good.example,reject"), report.join("\n"));
    assert.ok(report.includes("Message-ID: 1@good.example"));
    const added = report.filter((line) => line.startsWith("Add-Header: "));
    assert.match(added[1] ?? "", /^Add-Header: Authentication-Results: mx\.us\.example;\r\n [\s\S]*compauth=pass reason=100$/);
    assert.match(added[0] ?? "", /^Add-Header: X-Assay-Report: /);
    const { rcptTo, queueId, client } = decisions[0] ?? {};
    assert.deepEqual([rcptTo, queueId], [["bob@us.example"], "Q1"]);
    assert.deepEqual([client?.ip, client?.helo, client?.authenticatedAs], ["192.0.2.1", "mx.good.example", null]);
    for (let i = 0; i < 500 && door.connections > 0; i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual([door.connections, events], [0, ["opened", "closed"]]);
  });
});

test("the same verdict as /checkv2, whatever pieces the request comes in", async () => {
  await withDoor({}, async ({ port, decisions }) => {
    const whole = asked();
    const socket = connect(port, "127.0.0.1");
    socket.setNoDelay(true);
    let told = "";
    socket.on("data", (chunk: Buffer) => {
      told += chunk;
    });
    for (const octet of whole) await new Promise((resolve) => socket.write(octet, resolve));
    await once(socket, "close");
    assert.equal(readAsExim(told).report[0], "Action: no action");
    const sent = request({
      host: "127.0.0.1",
      port,
      path: "/checkv2",
      method: "POST",
      headers: { IP: "192.0.2.1", From: "ada@good.example" },
    });
    sent.end(letter);
    await once(sent, "response");
    assert.deepEqual(decisions[0]?.disposition.inspection?.evidence.dmarc, decisions[1]?.disposition.inspection?.evidence.dmarc);
  });
});

test("enforced: a refusal is reject, past Exim's threshold, with its text and no header edits", async () => {
  const toml = '[policy]\nmode = "enforce"\n[[domains]]\nname = "us.example"\n';
  await withDoor({ toml }, async ({ port }) => {
    const { isSpam, score, threshold, report } = readAsExim(await raw(port, asked(letter, [...usual, "IP: 2001:db8::1"])));
    assert.deepEqual([isSpam, score, threshold, report[0]], ["True;", 15, 15, "Action: reject"]);
    const told = report.filter((line) => /^(Message|Reply): /.test(line)).join("\n");
    const text = "Service unavailable, \\[us\\.example\\] does not accept email over IPv6\\. \\[id [0-9a-f]{28}\\]";
    assert.match(told, new RegExp(`^Message: ${text}\nReply: 550 5\\.2\\.1 ${text}$`));
    assert.ok(!report.some((line) => line.startsWith("Add-Header:")));
  });
});

test("User: a login's mail is outbound; no IP and <>: a bounce of this machine", async () => {
  await withDoor({}, async ({ port, decisions }) => {
    readAsExim(await raw(port, asked(letter, [...usual, "User: ada", "IP: 192.0.2.1"])));
    readAsExim(await raw(port, asked(letter, ["Queue-Id: Q2", "From: <>", "Rcpt: <bob@us.example>"])));
    assert.equal(decisions[0]?.client.authenticatedAs, "ada");
    const { transaction } = decisions[1]?.disposition.inspection ?? {};
    assert.deepEqual([transaction?.ip, transaction?.mailFrom], [null, ""]);
  });
});

test("forged stamps are named to be taken out, and Exim's own lines above the header are no part of the mail", async () => {
  const above = "From ada@good.example Sun Nov 22 10:00:00 2026\nX-Envelope-From: <ada@good.example>\nX-Envelope-To: bob@us.example\n";
  await withDoor({}, async ({ port, decisions }) => {
    const forged = "X-Assay-Report: V:1;\nAuthentication-Results: mx.us.example; dmarc=pass\n";
    const { report } = readAsExim(await raw(port, asked(above + forged + letter.replaceAll("\r\n", "\n"))));
    assert.ok(report.includes("Remove-Headers: authentication-results:x-assay-report"), report.join("\n"));
    const { evidence, transaction } = decisions[0]?.disposition.inspection ?? {};
    assert.deepEqual([evidence?.defects, transaction?.messageId], [["lf-only"], "<1@good.example>"]);
  });
});

test("PING", async () => {
  await withDoor({}, async ({ port }) => assert.equal(await raw(port, "PING RSPAMC/1.3\r\n\r\n"), "RSPAMD/1.3 0 PONG\r\n\r\n"));
});

test("busy is a soft reject; a fault of ours is no verdict, and so a temporary failure in Exim", async () => {
  const reply = { code: 451, enhanced: "4.3.2", text: "busy" };
  const busy = serviceOf(() => plainDialogue({ data: async () => ({ kind: "refuse", reply, inspection: null }) }));
  await withDoor({ service: busy }, async ({ port }) => {
    const { score, report } = readAsExim(await raw(port, asked()));
    assert.deepEqual([score, report], [0, ["Action: soft reject", "Message: busy", "Reply: 451 4.3.2 busy", "Message-ID: undef"]]);
  });
  const broken = serviceOf(() => plainDialogue({ data: () => Promise.reject(new Error("a bug")) }));
  await withDoor({ service: broken }, async ({ port, faults }) => {
    assert.match(await raw(port, asked()), /^RSPAMD\/1\.3 500 EX_ERROR\r\nError: fault: /);
    assert.deepEqual(faults.map(String), ["Error: a bug"]);
  });
});

for (const [what, sent, answer] of [
  ["a verb that is none", "CHECK RSPAMC/x\r\n\r\n", /400 EX_ERROR\r\nError: bad-request: the first line wants CHECK/],
  ["no length", "CHECK RSPAMC/1.3\r\nFrom: <a@b.example>\r\n\r\n", /400 EX_ERROR\r\nError: bad-request: Content-Length is wanted/],
  ["two lengths", asked(letter, ["Content-Length: 1"]), /400 EX_ERROR\r\nError: bad-request: Content-Length is wanted, once/],
  ["a length that is none", "CHECK RSPAMC/1.3\r\nContent-length: 0x10\r\n\r\n", /400 EX_ERROR\r\nError: bad-request: Content-Length/],
  ["a bare LF", "CHECK RSPAMC/1.3\r\nHelo: a\nIP: 192.0.2.1\r\n\r\n", /400 EX_ERROR\r\nError: bad-request: a header line wants/],
  ["a bare CR", "CHECK RSPAMC/1.3\r\nHelo: a\rIP: 192.0.2.1\r\n\r\n", /400 EX_ERROR\r\nError: bad-request: a header line wants/],
  ["a line without a name", "CHECK RSPAMC/1.3\r\nnothing\r\n\r\n", /400 EX_ERROR\r\nError: bad-request: a header line wants/],
  ["no address", asked(letter, ["IP: unknown"]), /400 EX_ERROR\r\nError: bad-envelope: IP: wants an IPv4/],
  [
    "an address twice",
    asked(letter, ["IP: 192.0.2.1", "ip: 192.0.2.2"]),
    /400 EX_ERROR\r\nError: bad-envelope: the header ip is given twice/,
  ],
  ["a file of ours", asked(letter, ["Path: /etc/passwd"]), /400 EX_ERROR\r\nError: file-input: /],
  ["no mail", asked("nothing\r\n"), /422 EX_ERROR\r\nError: no-header: /],
  ["no message at all", asked(""), /422 EX_ERROR\r\nError: no-header: /],
  [
    "a length past the limit",
    `CHECK RSPAMC/1.3\r\nContent-length: ${1024 * 1024 + 1}\r\n\r\n`,
    /413 EX_ERROR\r\nError: message-too-large: /,
  ],
  ["a head past the limit", `CHECK RSPAMC/1.3\r\nX: ${"a".repeat(limits.httpHeaderBytesMax)}`, /431 EX_ERROR\r\nError: header-too-large: /],
] as const) {
  test(`no verdict, but what is wrong: ${what}`, async () => {
    await withDoor({}, async ({ port, decisions, faults }) => {
      const told = await raw(port, sent);
      assert.match(told, /^RSPAMD\/1\.3 4[0-9]{2} EX_ERROR\r\n/);
      assert.match(told, answer);
      assert.deepEqual([decisions.length, faults.length], [0, 0]);
    });
  });
}

test("a message of exactly the limit is taken", async () => {
  await withDoor({}, async ({ port }) => {
    const message = letter + "a".repeat(1024 * 1024 - letter.length);
    assert.equal(readAsExim(await raw(port, asked(message))).report[0], "Action: no action");
  });
});

test("where tokens are configured it is refused, and says what to do; with one as Password it is served", async () => {
  const tokens = [`sha256:${createHash("sha256").update("secret").digest("hex")}`];
  await withDoor({ habits: { tokens } }, async ({ port, decisions }) => {
    for (const sent of [asked(), "PING RSPAMC/1.3\r\n\r\n"]) {
      assert.match(await raw(port, sent), /^RSPAMD\/1\.3 401 EX_ERROR\r\nError: token-missing: .*SMTP proxy/);
    }
    assert.match(await raw(port, asked(letter, [...usual, "Password: wrong"])), /^RSPAMD\/1\.3 401 EX_ERROR\r\nError: token-wrong: /);
    assert.equal(decisions.length, 0);
    readAsExim(await raw(port, asked(letter, [...usual, "Password: secret"])));
  });
});

test("what a proxy has passed on is not from this machine", async () => {
  await withDoor({}, async ({ port }) => {
    assert.match(await raw(port, asked(letter, ["X-Forwarded-For: 192.0.2.9"])), /^RSPAMD\/1\.3 403 EX_ERROR\r\nError: not-loopback: /);
  });
});

test("a message that does not come to its end teaches nothing", async () => {
  await withDoor({}, async ({ port, decisions }) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.end(asked().slice(0, -5));
    const [told] = await once(socket, "data");
    assert.match(String(told), /^RSPAMD\/1\.3 400 EX_ERROR\r\nError: bad-request: the message did not come to its end/);
    socket.end();
    await once(socket, "close");
    assert.equal(decisions.length, 0);
  });
});

test("connections cut at every stage leave nothing behind", async () => {
  await withDoor({}, async ({ port, door, faults, events }) => {
    const whole = asked();
    const places = [0, 3, 14, 20, whole.indexOf("\r\n\r\n") + 4, whole.length - 3, whole.length];
    for (const place of places) {
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      if (place > 0) await new Promise((resolve) => socket.write(whole.slice(0, place), resolve));
      socket.resetAndDestroy();
    }
    for (let i = 0; i < 500 && events.filter((event) => event === "closed").length < places.length; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.deepEqual([door.connections, faults.length], [0, 0]);
  });
});

test("slow loris: an opening or a head that does not come is given up", { timeout: 40_000 }, async () => {
  await withDoor({}, async ({ port }) => {
    const waiting = { waitMs: limits.httpHeadersMs + 8000 };
    const [silent, opening, head] = await Promise.all([
      raw(port, "", waiting),
      raw(port, "CHECK RSP", waiting),
      raw(port, "CHECK RSPAMC/1.3\r\nFrom: ", waiting),
    ]);
    assert.match(silent, /^HTTP\/1\.1 408 /);
    assert.match(opening, /^HTTP\/1\.1 408 /);
    assert.match(head, /^RSPAMD\/1\.3 408 EX_ERROR\r\nError: message-late: /);
  });
});

test("a message that comes too slowly is given up", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let onBegun = (): void => {};
  const begun = new Promise<void>((resolve) => {
    onBegun = resolve;
  });
  const clock = (): number => {
    onBegun();
    return 1_800_000_000_000;
  };
  await withDoor({ means: { clock } }, async ({ port, decisions }) => {
    const socket = connect(port, "127.0.0.1");
    socket.write(asked().slice(0, -5));
    await begun;
    t.mock.timers.tick(limits.httpRequestMs - 1);
    assert.equal(socket.readyState, "open");
    t.mock.timers.tick(1);
    const [told] = await once(socket, "data");
    assert.match(String(told), /^RSPAMD\/1\.3 408 EX_ERROR\r\nError: message-late: /);
    await once(socket, "close");
    assert.equal(decisions.length, 0);
  });
});

test("an answer reaches a client that sends on behind it, and what follows is not read as mail", async () => {
  await withDoor({}, async ({ port, decisions }) => {
    const told = await raw(port, `${asked()}${asked()}${"x".repeat(1_000_000)}`);
    readAsExim(told);
    assert.equal(told.split("EX_OK").length, 2);
    assert.equal(decisions.length, 1);
  });
});

test("closing lets a message under way end, ends an undecided connection at once, and cuts what is left", async () => {
  const { door, port, decisions } = await openDoor();
  const under = connect(port, "127.0.0.1");
  const undecided = connect(port, "127.0.0.1");
  await Promise.all([once(under, "connect"), once(undecided, "connect")]);
  for (let i = 0; i < 500 && door.connections < 2; i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  let told = "";
  under.on("data", (chunk: Buffer) => {
    told += chunk;
  });
  undecided.resume();
  undecided.write("CHECK ");
  const whole = asked();
  await new Promise((resolve) => under.write(whole.slice(0, -8), resolve));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const ended = [once(undecided, "close"), once(under, "close")];
  const closed = door.close(5000);
  await ended[0];
  under.write(whole.slice(-8));
  await closed;
  await ended[1];
  readAsExim(told);
  assert.equal(decisions.length, 1);

  const second = await openDoor();
  const stuck = connect(second.port, "127.0.0.1");
  stuck.on("error", () => {});
  await new Promise((resolve) => stuck.write(whole.slice(0, -8), resolve));
  for (let i = 0; i < 500 && second.door.connections < 1; i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  await second.door.close(200);
  assert.equal(second.door.connections, 0);
});

test("a UNIX socket, as Exim's spamd_address = /path", async () => {
  const path = join(tmpdir(), `assay-rspamc-${process.pid}.sock`);
  await withDoor({ at: { kind: "unix", path } }, async () => {
    const socket = connect(path);
    let told = "";
    socket.on("data", (chunk: Buffer) => {
      told += chunk;
    });
    socket.write(asked());
    await once(socket, "close");
    assert.equal(readAsExim(told).report[0], "Action: no action");
  });
});

test("HTTP is served as before, in whatever pieces it comes, and several requests on a connection", async () => {
  await withDoor({}, async ({ port, decisions }) => {
    const big = letter + "a line of text\r\n".repeat(60_000);
    const post = `POST /checkv2 HTTP/1.1\r\nHost: localhost\r\nIP: 192.0.2.1\r\nContent-Length: ${big.length}\r\n`;
    const told = await raw(port, `${post}\r\n${big}${post}Connection: close\r\n\r\n${big}`);
    assert.equal(told.split("HTTP/1.1 200 OK").length, 3);
    const socket = connect(port, "127.0.0.1");
    socket.setNoDelay(true);
    for (const piece of ["P", "ING", " /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"])
      await new Promise((resolve) => socket.write(piece, resolve));
    const [answer] = await once(socket, "data");
    assert.match(String(answer), /^HTTP\/1\.1 400 /);
    socket.destroy();
    assert.deepEqual(
      decisions.map(({ disposition }) => disposition.inspection?.transaction.size),
      [big.length, big.length],
    );
  });
});

test("attack: forged results behind 256 KB of header: refused as at the doors that take mail", async () => {
  await withDoor({}, async ({ port }) => {
    const message = `${`${"X-Pad: ".padEnd(900, "x")}\r\n`.repeat(300)}Authentication-Results: mx.us.example; dmarc=pass\r\n${letter}`;
    const { report } = readAsExim(await raw(port, asked(message)));
    assert.equal(report[0], "Action: reject");
    assert.ok(report.includes("Reply: 552 5.3.4 Message header exceeds the size limit"), report.join("\n"));
  });
});

/** Messages through the door to the inspection: their octets, signatures over them, their size, and the stamp that comes back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accepted } from "../plain-dialogue.ts";
import { ed25519TestKey, rsaTestKey, type SignOptions, signed, type TestMessage, written } from "../signer.ts";
import { openedDoor, recordingService, zoneService } from "./door.ts";
import { body, client, content, eoh, eom, field, helo, Mta, macros, mail, offers, optneg, rcpt } from "./mta.ts";

const key = rsaTestKey();
const ed25519 = ed25519TestKey();
const zone = {
  "good.example": [{ TXT: "v=spf1 ip4:192.0.2.1 -all" }],
  "_dmarc.good.example": [{ TXT: "v=DMARC1; p=reject" }],
  "sel._domainkey.good.example": [{ TXT: key.record }],
  "ed._domainkey.good.example": [{ TXT: ed25519.record }],
};

/** Fields as a server hands them over: names and values apart, folds as bare LF, with or without the leading space. */
function handed({ headers }: TestMessage, lead: "kept" | "eaten" = "kept"): readonly (readonly [string, string])[] {
  return headers.map((whole) => {
    const colon = whole.indexOf(":");
    const value = whole.slice(colon + 1).replaceAll("\r\n", "\n");
    return [whole.slice(0, colon), lead === "eaten" && value.startsWith(" ") ? value.slice(1) : value];
  });
}

async function begun(place: string, offer: readonly [number, number, number] = offers.postfix): Promise<Mta> {
  const mta = await Mta.at(place);
  assert.equal(await mta.ask(optneg(offer)), "O");
  const isOld = offer === offers.old;
  for (const packet of [client(), helo()]) if (isOld) assert.equal(await mta.ask(packet), "c");
  if (!isOld) mta.write(client(), helo());
  assert.equal(await mta.ask(mail("ada@good.example")), "c");
  assert.equal(await mta.askRcpt(macros("R", "i", "Q1"), rcpt("bob@us.example")), "c");
  return mta;
}

const letter: TestMessage = {
  headers: [
    "Received: from a\r\n\tby b;\r\n  Sun, 22 Nov 2026 10:00:00 +0000",
    "From:  Ada  <ada@good.example>",
    "To:bob@us.example",
    "Subject:\ta\r\n folded\t subject ",
    "X-Empty:",
    "Date: Sun, 22 Nov 2026 10:00:00 +0000",
  ],
  body: "Some  text \r\n\r\n.\r\nmore\r\n\r\n",
};
const h = "from:to:subject:received:x-empty:date";

test("DKIM with simple canonicalization verifies through the door: every octet is as it was signed", async (t) => {
  const { service, decisions } = zoneService(zone);
  const { door } = await openedDoor(t, service);
  const sign = (over: Partial<SignOptions>) =>
    signed(letter, { key, domain: "good.example", h, canonicalization: "simple/simple", ...over });
  const messages = [
    sign({}),
    sign({ canonicalization: "relaxed/relaxed" }),
    sign({ key: ed25519, algorithm: "ed25519-sha256", selector: "ed", canonicalization: "simple/relaxed" }),
  ];
  for (const message of messages) {
    const mta = await begun(door.place);
    await mta.verdict(content(handed(message), message.body));
    mta.cut();
  }
  const results = decisions.map(({ disposition }) => disposition.inspection?.evidence.dkim.map(({ result, reason }) => [result, reason]));
  assert.deepEqual(results, Array(3).fill([["pass", null]]));
});

test("a server that takes the leading space off: simple canonicalization verifies where one space stood, as mail is written", async (t) => {
  const { service, decisions } = zoneService(zone);
  const { door } = await openedDoor(t, service);
  const usual = { ...letter, headers: ["From: ada@good.example", "Subject: a\r\n folded", "To:  bob@us.example"] };
  const message = signed(usual, { key, domain: "good.example", h: "from:subject:to" });
  const mta = await begun(door.place, offers.old);
  for (const [name, value] of handed(message, "eaten")) assert.equal(await mta.ask(field(name, value)), "c");
  assert.equal(await mta.ask(eoh), "c");
  assert.equal(await mta.ask(body(message.body)), "c");
  await mta.verdict(eom);
  assert.deepEqual(
    decisions[0]?.disposition.inspection?.evidence.dkim.map(({ result }) => result),
    ["pass"],
  );
});

test("forged results of ours are removed, and our own stand on top, with the queue id in the decision", async (t) => {
  const { service, decisions } = zoneService(zone);
  const { door, faults } = await openedDoor(t, service);
  const mta = await begun(door.place);
  const forged = (n: number) => ["Authentication-Results", ` mx.us.example; spf=pass smtp.mailfrom=x${n}`] as const;
  const fields = [forged(1), ["Authentication-Results", " other.example; dkim=pass"], forged(2), ["From", " <ada@good.example>"]] as const;
  const packets = await mta.verdict(content(fields));
  const edits = packets.map(({ letter: kind, data }) => kind + data.toString("latin1").replace(/\0 ?([^\0]{24})[^\0]*\0$/, "|$1"));
  assert.deepEqual(edits, [
    "m\0\0\0\x03authentication-results\0\0",
    "m\0\0\0\x01authentication-results\0\0",
    "i\0\0\0\0X-Assay-Report|CIP:192.0.2.1;H:mail.goo",
    "i\0\0\0\0Authentication-Results|mx.us.example;\n spf=pass",
    "c",
  ]);
  assert.deepEqual([decisions[0]?.queueId, decisions[0]?.rcptTo, faults], ["Q1", ["bob@us.example"], []]);
});

test("forged mail is refused in the words of the policy; the next message of the same client is its own", async (t) => {
  const { service } = zoneService(zone, { toml: '[policy]\nmode = "enforce"\n' });
  const { door } = await openedDoor(t, service);
  const mta = await Mta.at(door.place);
  mta.write(optneg(offers.postfix), client("203.0.113.9"), helo("evil.example"));
  await mta.next();
  await mta.ask(mail("x@evil.example"));
  await mta.askRcpt(rcpt("bob@us.example"));
  const [reply] = await mta.verdict(content([["From", " <ceo@good.example>"]]));
  assert.equal(reply?.letter, "y");
  assert.match(reply.data.toString(), /^550 5\.7\.509 Access denied, sending domain \[good\.example\] does not pass DMARC/);
  await mta.ask(mail("x@evil.example"));
  await mta.askRcpt(rcpt("bob@us.example"));
  assert.equal((await mta.verdict(content([["From", " <x@evil.example>"]]))).at(-1)?.letter, "c");
});

test("a slow resolver is waited for: the stamp has its answers", async (t) => {
  const { service, decisions } = zoneService(zone, { delayMs: 150 });
  const { door } = await openedDoor(t, service);
  const message = signed(letter, { key, domain: "good.example", h });
  const mta = await begun(door.place);
  const packets = await mta.verdict(content(handed(message), message.body));
  assert.equal(packets.at(-1)?.letter, "c");
  assert.deepEqual(
    decisions[0]?.disposition.inspection?.evidence.dkim.map(({ result }) => result),
    ["pass"],
  );
});

test("a header of 30 KB comes through as it is", async (t) => {
  const { service, said } = recordingService();
  const { door } = await openedDoor(t, service);
  const mta = await begun(door.place);
  const headers = Array.from({ length: 300 }, (_, i) => `X-Field-${i}: ${"v".repeat(40)}\r\n\t${"w".repeat(45)}`);
  const message: TestMessage = { headers, body: "x\r\n" };
  await mta.verdict(content(handed(message), message.body));
  assert.deepEqual(said[0]?.message, written(message));
});

test("a body of 10 MB streams, in pieces as Postfix cuts them, and is the same", async (t) => {
  const { service, said } = recordingService();
  const { door } = await openedDoor(t, service);
  const mta = await begun(door.place);
  const bytes = Buffer.from(`${"0123456789".repeat(7)}\r\n`.repeat(145_000));
  mta.write(field("From", " <ada@good.example>"), eoh);
  for (let at = 0; at < bytes.length; at += 65_535) await mta.pushed(body(bytes.subarray(at, at + 65_535)));
  assert.equal((await mta.verdict(eom)).at(-1)?.letter, "c");
  assert.ok(said[0]?.message?.subarray("From: <ada@good.example>\r\n\r\n".length).equals(bytes));
});

test("back-pressure reaches the server: while nobody reads, it cannot send", async (t) => {
  let read: () => void = () => {};
  const reading = new Promise<void>((resolve) => {
    read = resolve;
  });
  let bytes = 0;
  const { service } = recordingService();
  const slow = {
    inFlight: 0,
    mayRefuse: { mail: true, rcpt: true },
    open: (one: Parameters<typeof service.open>[0]) => ({
      ...service.open(one),
      data: async (message: Uint8Array | AsyncIterable<Uint8Array>) => {
        assert.ok(!(message instanceof Uint8Array));
        await reading;
        for await (const chunk of message) bytes += chunk.length;
        return accepted;
      },
    }),
  };
  const { door } = await openedDoor(t, slow);
  const mta = await begun(door.place);
  const piece = body(Buffer.alloc(65_535, "x"));
  let sentBytes = 0;
  const pushing = (async () => {
    await mta.pushed(Buffer.concat([field("From", " <ada@good.example>"), eoh]));
    for (; sentBytes < 64 * 1024 * 1024; sentBytes += piece.length) await mta.pushed(piece);
  })();
  for (let before = -1; before !== sentBytes; ) {
    before = sentBytes;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  // What is not in our hands is in the system's, which has its own bounds.
  assert.ok(sentBytes < 32 * 1024 * 1024, `${sentBytes} octets`);
  read();
  await pushing;
  assert.equal((await mta.verdict(eom)).at(-1)?.letter, "c");
  assert.equal(bytes, "From: <ada@good.example>\r\n\r\n".length + (sentBytes / piece.length) * 65_535);
});

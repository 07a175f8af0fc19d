/** RFC 5452 and RFC 7766: which packets the stub resolver takes for an answer, over UDP and TCP. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { test } from "node:test";
import type { Answer as WireAnswer } from "dns-packet";
import { type Asked, replyTo, soa } from "../../test/dns-server.ts";
import { a, against, closeAtEnd, cname, found, transports } from "../../test/resolver-under-test.ts";

test("RFC 5452 §9.2: each packet has its own port, id and case, and EDNS says 1232", async () => {
  const { query, server } = await against((asked) => asked.reply({ answers: [a(asked.name)] }));
  await Promise.all(Array.from({ length: 60 }, (_, i) => query(`a-rather-long-name-of-${i % 10}.tries${i}.example.com`, "A")));
  const distinct = (values: readonly unknown[]) => new Set(values).size;
  assert.equal(server.asked.length, 60);
  assert.ok(distinct(server.asked.map(({ id }) => id)) > 55);
  assert.ok(distinct(server.asked.map(({ clientPort }) => clientPort)) > 30);
  assert.ok(distinct(server.asked.map(({ name }) => name.replace(/[0-9]/g, ""))) > 55);
  for (const { packet } of server.asked) {
    const [opt] = packet.additionals ?? [];
    assert.ok(opt?.type === "OPT" && opt.udpPayloadSize === 1232);
  }
});

const forgeries: [what: string, forge: (asked: Asked) => Buffer][] = [
  ["another id", ({ packet, name, id }) => replyTo(packet, { id: id ^ 1, answers: [a(name, "192.0.2.66")] })],
  [
    "another name",
    ({ packet, name }) => replyTo(packet, { questions: [{ name: "other.example", type: "A" }], answers: [a(name, "192.0.2.66")] }),
  ],
  ["another type", ({ packet, name }) => replyTo(packet, { questions: [{ name, type: "TXT" }], answers: [a(name, "192.0.2.66")] })],
  [
    "another class",
    ({ packet, name }) => replyTo(packet, { questions: [{ name, type: "A", class: "CH" }], answers: [a(name, "192.0.2.66")] }),
  ],
  ["no question", ({ packet, name }) => replyTo(packet, { questions: [], answers: [a(name, "192.0.2.66")] })],
  ["our question sent back", ({ bytes }) => bytes],
  ["nothing in it", () => Buffer.alloc(0)],
  ["eleven octets", () => Buffer.alloc(11, 0xff)],
  ["noise", () => Buffer.alloc(500, 0xa5)],
  ["records cut off", ({ packet, name }) => replyTo(packet, { answers: [a(name, "192.0.2.66")] }).subarray(0, -1)],
  ["counts that are not kept", ({ packet, name }) => withAnswerCount(replyTo(packet, { answers: [a(name, "192.0.2.66")] }), 2)],
];
function withAnswerCount(packet: Buffer, count: number): Buffer {
  packet.writeUInt16BE(count, 6);
  return packet;
}
for (const [what, forge] of forgeries) {
  test(`RFC 5452 §9.1, attack: a packet with ${what} is passed over, and the answer behind it counts`, async () => {
    const { query, sent } = await against((asked) => {
      asked.reply(forge(asked));
      asked.reply({ answers: [a(asked.name)] });
    });
    assert.deepEqual(await query("x.example", "A"), found(["192.0.2.1"]));
    assert.equal(sent.length, 1);
  });
}

test("RFC 5452 §9.2, attack: an answer from another port is not received", async () => {
  const forger = createSocket("udp4");
  closeAtEnd(() => forger.close());
  const { query, sent } = await against((asked) => {
    forger.send(replyTo(asked.packet, { answers: [a(asked.name, "192.0.2.66")] }), asked.clientPort, "127.0.0.1", () => {
      setTimeout(() => asked.reply({ answers: [a(asked.name)] }), 50);
    });
  });
  assert.deepEqual(await query("x.example", "A"), found(["192.0.2.1"]));
  assert.equal(sent.length, 1);
});

test("garbage alone ends no question: it ends by time, having been asked as often as allowed", async () => {
  const { query, sent } = await against((asked) => asked.reply(Buffer.alloc(100, 7)), { timeoutMs: 40, attempts: 3 });
  assert.deepEqual(await query("x.example", "A"), { status: "timeout" });
  assert.equal(transports(sent), "udp udp udp");
});

test("0x20: a server that changes the case is asked over TCP", async () => {
  const { query, sent, server } = await against((asked) => {
    const questions = [{ name: asked.lowerName, type: "A" as const }];
    asked.reply({ questions, answers: [a(asked.lowerName)] });
  });
  assert.deepEqual(await query("a-name-with-many-letters.example", "A"), found(["192.0.2.1"]));
  assert.equal(transports(sent), "udp tcp");
  assert.deepEqual(
    server.asked.map(({ lowerName }) => lowerName),
    new Array(2).fill("a-name-with-many-letters.example"),
  );
});

test("attack: poison for other names is neither believed nor kept", async () => {
  const evil = [a("victim.example", "192.0.2.66"), cname("victim.example", "evil.example"), soa("victim.example", 900)];
  const { query, server } = await against((asked) => {
    const isVictim = asked.lowerName === "victim.example";
    asked.reply({ answers: isVictim ? [a(asked.name)] : [a(asked.name, "192.0.2.9"), ...evil], authorities: evil, additionals: evil });
  });
  assert.deepEqual(await query("evil.example", "A"), found(["192.0.2.9"]));
  assert.deepEqual(await query("victim.example", "A"), found(["192.0.2.1"]));
  assert.equal(server.asked.length, 2);
});

// Size and transport.

test("RFC 7766 §5: what does not fit is asked over TCP, up to 64 KB", async () => {
  const long = Array.from({ length: 240 }, (_, i) => Buffer.alloc(255, i));
  const { query, sent } = await against((asked) => {
    const answers: WireAnswer[] = [{ type: "TXT", name: asked.name, ttl: 300, data: long }];
    asked.reply(asked.transport === "udp" ? { truncated: true } : { answers });
  });
  const answer = await query("x.example", "TXT");
  assert.ok(answer.status === "found");
  assert.deepEqual(
    answer.records.map((record) => record.length),
    [240 * 255],
  );
  assert.equal(transports(sent), "udp tcp");
});

test("attack: the records of a truncated answer are not believed, even where TCP fails", async () => {
  const { query, sent } = await against((asked) => {
    if (asked.transport === "udp") asked.reply({ truncated: true, answers: [a(asked.name, "192.0.2.66")] });
    else asked.reply({ truncated: true, answers: [a(asked.name, "192.0.2.66")] });
  });
  assert.deepEqual(await query("x.example", "A"), { status: "servfail" });
  assert.equal(transports(sent), "udp tcp");
});

test("TCP: an answer in single octets, and strangers before it", async () => {
  const { query } = await against((asked) => {
    if (asked.transport === "udp") asked.reply({ truncated: true });
    else {
      asked.reply(Buffer.alloc(0));
      asked.reply(replyTo(asked.packet, { id: asked.id ^ 1, answers: [a(asked.name, "192.0.2.66")] }));
      asked.reply({ answers: [a(asked.name)] });
    }
  });
  assert.deepEqual(await query("x.example", "A"), found(["192.0.2.1"]));
});

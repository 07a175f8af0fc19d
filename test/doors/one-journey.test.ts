/**
 * One journey: the examples through every door, as each door's protocol carries them, against the inspection of the library. Evidence, verdict,
 * action and fields must be the same, and so must the message that the next one gets.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { readEnvelope } from "../../src/doors/cli/read-envelope.ts";
import { openService } from "../../src/gateway/dialogue/dialogue.ts";
import type { Observed, Service } from "../../src/gateway/dialogue/journey.ts";
import { inspect } from "../../src/gateway/inspect.ts";
import { openMessage } from "../../src/mail/message.ts";
import type { Inspection } from "../../src/stamp/inspection.ts";
import { zoneResolver } from "../../src/system/zone-resolver.ts";
import { openDoor } from "../http/door.ts";
import { openedDoor } from "../milter/door.ts";
import * as mta from "../milter/mta.ts";
import { openProxy } from "../smtp/proxy.ts";

const root = new URL("../../examples/", import.meta.url);
const resolver = zoneResolver(readFileSync(new URL("zone.yaml", root), "utf8"));
const clock = () => Date.UTC(2026, 10, 21, 12);
const fixed = { resolver, clock, random: () => 0.5, authservId: "mx.us.example" };

type Example = { readonly name: string; readonly bytes: Buffer; readonly envelope: Envelope };
type Envelope = { readonly ip: string; readonly helo: string; readonly mailFrom: string; readonly rcptTo: readonly string[] };

const forged =
  "Authentication-Results: mx.us.example; dmarc=pass\r\n header.from=bank.example\r\nX-Assay-Report: V:1;\r\nReceived: from nowhere\r\n\tby nobody; Sat, 21 Nov 2026 10:00:00 +0000\r\n";

async function examples(): Promise<readonly Example[]> {
  const found: Example[] = [];
  for (const name of readdirSync(new URL("mail/", root)).sort()) {
    // As SMTP carries it, with fields that speak in our name.
    const text = readFileSync(new URL(`mail/${name}`, root), "latin1").replaceAll(/\r?\n/g, "\r\n");
    const bytes = Buffer.from(forged + text, "latin1");
    const { header } = await openMessage(Buffer.from(text, "latin1"));
    const { envelope } = readEnvelope(
      { ip: null, helo: null, mailFrom: null, rcptTo: [], tls: null },
      { header, sender: null, trustNetworks: [] },
    );
    const { ip = null, helo = null, mailFrom = null } = envelope;
    found.push({
      name,
      bytes,
      envelope: {
        ip: ip ?? "198.51.100.7",
        helo: helo ?? "client.example",
        mailFrom: (mailFrom ?? "").replace(/^<|>$/g, ""),
        rcptTo: ["bob@us.example"],
      },
    });
  }
  return found;
}

/** What must be the same whichever door it was: all but the listener's own facts. */
function essence({ id: _, transaction, headers, ...rest }: Inspection): object {
  return {
    ...rest,
    transaction: { ...transaction, listener: null, queueId: null },
    headers: headers.map((one) => one.replace(/ID:[0-9a-f]*;/, "ID:;")),
  };
}

/** The message as it must be delivered. */
function delivered({ bytes }: Example, { headers, removals }: Inspection): string {
  const text = bytes.toString("latin1");
  const end = text.indexOf("\r\n\r\n") + 2;
  const fields: string[] = text.slice(0, end).match(/[^\r\n][\s\S]*?\r\n(?![ \t])/g) ?? [];
  for (const { name, index } of removals) {
    const of = fields.filter((field) => field.toLowerCase().startsWith(`${name.toLowerCase()}:`));
    fields.splice(fields.indexOf(of[index - 1] ?? ""), 1);
  }
  return [...headers.map((one) => `${one}\r\n`), ...fields, text.slice(end)].join("");
}

describe("one journey: every door gives the same evidence, verdict, action and fields", () => {
  const decisions: Observed[] = [];
  const service: Service = openService({
    ...fixed,
    memory: null,
    rules: () => ({ policy: {}, policyVersion: null, authservId: fixed.authservId, journal: undefined, deferralsMax: 3, messagesMax: 100 }),
    observer: { onAnswer: () => {}, onDecision: (one) => decisions.push(one), onFault: (error) => assert.fail(String(error)) },
  });
  const expected = new Map<string, Inspection>();
  let all: readonly Example[] = [];
  before(async () => {
    all = await examples();
    for (const { name, bytes, envelope } of all)
      expected.set(name, await inspect({ ...envelope, message: bytes, listener: "inbound" }, fixed));
  });
  after(() => assert.ok(all.length > 10));

  const reference = (name: string): Inspection => {
    const found = expected.get(name);
    assert.ok(found !== undefined);
    return found;
  };
  const decided = (name: string): void => {
    const inspection = decisions.pop()?.disposition.inspection;
    assert.ok(inspection != null, name);
    assert.deepEqual(essence(inspection), essence(reference(name)), name);
  };

  test("milter", async (t) => {
    const { door, faults } = await openedDoor(t, service);
    for (const example of all) {
      const { ip, helo, mailFrom, rcptTo } = example.envelope;
      const server = await mta.Mta.at(door.place);
      await server.ask(mta.optneg(mta.offers.postfix));
      server.write(mta.client(ip), mta.helo(helo));
      assert.equal(await server.ask(mta.mail(mailFrom)), "c");
      for (const one of rcptTo) assert.equal(await server.askRcpt(mta.rcpt(one)), "c");
      const text = example.bytes.toString("latin1");
      const end = text.indexOf("\r\n\r\n") + 2;
      const fields = (text.slice(0, end).match(/[^\r\n][\s\S]*?\r\n(?![ \t])/g) ?? []).map((field) => {
        const colon = field.indexOf(":");
        return [field.slice(0, colon), field.slice(colon + 1, -2).replaceAll("\r\n", "\n")] as const;
      });
      server.write(mta.content(fields, Buffer.from(text.slice(end + 2), "latin1")));
      const packets: mta.Received[] = [];
      for (;;) {
        const packet = await server.next();
        if (packet.letter === "p") continue;
        packets.push(packet);
        if (!"mi".includes(packet.letter)) break;
      }
      decided(example.name);
      const { headers, removals } = reference(example.name);
      assert.equal(packets.at(-1)?.letter, "c");
      const removed = packets
        .filter(({ letter }) => letter === "m")
        .map(({ data }) => [data.readUInt32BE(0), data.subarray(4).toString("latin1")]);
      assert.deepEqual(
        removed.map(([index, rest]) => `${String(rest).split("\0")[0]?.toLowerCase()} ${index}`),
        removals.map(({ name, index }) => `${name.toLowerCase()} ${index}`),
      );
      const inserted = packets.filter(({ letter }) => letter === "i").map(({ data }) => data.subarray(4).toString("latin1").split("\0"));
      assert.deepEqual(
        inserted.reverse().map(([name, value]) => `${name}:${value}`.replace(/ID:[0-9a-f]*;/, "ID:;")),
        headers.map((one) => one.replaceAll("\r\n", "\n").replace(/ID:[0-9a-f]*;/, "ID:;")),
      );
      server.write(mta.quit);
    }
    assert.deepEqual(faults, []);
  });

  test("SMTP proxy", async (t) => {
    const proxy = await openProxy(t, { service });
    for (const example of all) {
      const { ip, helo, mailFrom, rcptTo } = example.envelope;
      const speaker = await proxy.speak();
      await speaker.reply();
      await speaker.say("EHLO front.example");
      const address = ip.includes(":") ? `IPV6:${ip}` : ip;
      assert.match(await speaker.line(`XCLIENT ADDR=${address} HELO=${helo}`), /^220/);
      await speaker.say(`EHLO ${helo}`);
      const utf8 = /[^\x00-\x7f]/.test(mailFrom) ? " SMTPUTF8" : "";
      assert.match(await speaker.line(`MAIL FROM:<${mailFrom}>${utf8}`), /^250/, `${example.name}: ${mailFrom}`);
      for (const one of rcptTo) assert.match(await speaker.line(`RCPT TO:<${one}>`), /^250/);
      assert.match(await speaker.line("DATA"), /^354/);
      const text = example.bytes.toString("latin1").replaceAll("\r\n.", "\r\n..");
      speaker.write(Buffer.from(text.endsWith("\r\n") ? text : `${text}\r\n`, "latin1"));
      assert.match(await speaker.line("."), /^250/, example.name);
      decided(example.name);
      const [letter] = proxy.sink.letters.slice(-1);
      const [wanted, got] = [delivered(example, reference(example.name)), letter?.body.toString("latin1") ?? ""].map((one) =>
        one.replace(/ID:[0-9a-f]*;/, "ID:;"),
      );
      assert.equal(got, wanted, example.name);
    }
    assert.deepEqual(proxy.faults, []);
  });

  test("HTTP", async (t) => {
    const { door, url } = await openDoor({ service });
    t.after(() => door.close(0));
    for (const { name, bytes, envelope } of all) {
      const { ip, helo, mailFrom, rcptTo } = envelope;
      const query = new URLSearchParams({ ip, helo, mail_from: mailFrom, rcpt_to: rcptTo[0] ?? "" });
      const response = await fetch(`${url}/v1/inspect?${query}`, {
        method: "POST",
        headers: { "content-type": "message/rfc822" },
        body: new Uint8Array(bytes),
      });
      assert.equal(response.status, 200, name);
      const answered = (await response.json()) as Inspection;
      decided(name);
      assert.deepEqual(essence(answered), JSON.parse(JSON.stringify(essence(reference(name)))), name);
    }
  });
});

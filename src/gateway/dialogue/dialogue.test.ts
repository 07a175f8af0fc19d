/** The dialogue with a zone for DNS: what is answered at MAIL, RCPT and the end of DATA, and what a fault of ours or of the client leads to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../../config/load.ts";
import type { RecordType } from "../../dns/answer.ts";
import type { Resolver } from "../../dns/resolver.ts";
import { inCoreMemory } from "../../memory/in-core.ts";
import { replyLine } from "../../stamp/smtp-replies.ts";
import { type Zone, zoneResolver } from "../../system/zone-resolver.ts";
import { judgePolicyOf } from "../judge-policy.ts";
import { openService } from "./dialogue.ts";
import type { Answered, Client, Dialogue, Disposition, Observed, Rules, Service } from "./journey.ts";

const zone: Zone = {
  "good.example": [{ TXT: "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all" }, { MX: [10, "mx.good.example"] }],
  "_dmarc.good.example": [{ TXT: "v=DMARC1; p=reject" }],
  "noreply.example": [{ MX: [0, "."] }, { TXT: "v=spf1 ip4:192.0.2.1 -all" }],
  "broken.example": ["TIMEOUT"],
  "_dmarc.broken.example": ["TIMEOUT"],
  "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": [{ PTR: "mail.good.example" }],
  "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": [{ PTR: "mail.other.example" }],
  "4.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": ["TIMEOUT"],
  "mail.good.example": [{ AAAA: "2001:db8::1" }],
};

const inbound: Client = { listener: "inbound", ip: "192.0.2.1", helo: "mail.good.example", tls: null, authenticatedAs: null };
const letter = (from = "ada@good.example", more = ""): Uint8Array =>
  Buffer.from(`From: <${from}>\r\nMessage-ID: <1@good.example>\r\n${more}Subject: x\r\n\r\nbody\r\n`);

type Seen = { readonly answers: Answered[]; readonly decisions: Observed[]; readonly faults: unknown[] };

function serviceOf(
  toml: string,
  over: { readonly resolver?: Resolver; readonly memory?: ReturnType<typeof inCoreMemory> } = {},
): {
  readonly service: Service;
  readonly seen: Seen;
  readonly set: (toml: string) => void;
} {
  const seen: Seen = { answers: [], decisions: [], faults: [] };
  let rules = rulesOf(toml);
  const service = openService({
    resolver: over.resolver ?? zoneResolver(zone),
    clock: () => 1_800_000_000_000,
    random: () => 0.5,
    memory: over.memory ?? null,
    rules: () => rules,
    observer: {
      onAnswer: (answer) => seen.answers.push(answer),
      onDecision: (decision) => seen.decisions.push(decision),
      onFault: (error) => seen.faults.push(error),
    },
  });
  return {
    service,
    seen,
    set: (next) => {
      rules = rulesOf(next);
    },
  };
}

function rulesOf(toml: string): Rules {
  const loaded = loadConfig(Buffer.from(toml));
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const { serve, journal } = loaded.config;
  return {
    policy: judgePolicyOf(loaded.config),
    policyVersion: "v",
    authservId: "mx.us.example",
    journal: journal.days === 0 ? undefined : "without-subject",
    deferralsMax: serve.deferrals_max,
    messagesMax: serve.messages_max,
  };
}

async function sent(
  dialogue: Dialogue,
  { mailFrom = "ada@good.example", rcptTo = ["bob@us.example"], message = letter() } = {},
): Promise<Disposition> {
  assert.equal(await dialogue.mail(mailFrom), null);
  for (const recipient of rcptTo) assert.equal(await dialogue.rcpt(recipient), null);
  return dialogue.data(message, { queueId: "Q1" });
}

const enforcing = '[policy]\nmode = "enforce"\n[[domains]]\nname = "us.example"\nipv6 = true\n[[domains]]\nname = "old.example"\n';

test("recipients are answered where a rule that acts may refuse one, from the next configuration on", () => {
  const observing = '[[domains]]\nname = "us.example"\nipv6 = true\n';
  const { service, set } = serviceOf(observing);
  assert.deepEqual(service.mayRefuse, { mail: false, rcpt: false });
  set(enforcing);
  assert.equal(service.mayRefuse.rcpt, true);
});

test("RFC 7505, IPv6: what RCPT was not asked about is found at the end of DATA, as where rules come into force in between", async () => {
  const { service } = serviceOf(enforcing);
  const dialogue = service.open({ ...inbound, ip: "2001:db8::99" });
  assert.equal(await dialogue.mail("ada@good.example"), null);
  dialogue.note("bob@old.example");
  const done = await dialogue.data(letter());
  assert.equal(done.kind === "refuse" ? replyLine(done.reply).slice(0, 9) : done.kind, "550 5.2.1");
});

for (const [ip, listener, found] of [
  ["2001:db8::1", "inbound", { kind: "confirmed", name: "mail.good.example" }],
  ["2001:db8::2", "inbound", { kind: "none" }],
  ["2001:db8::99", "inbound", { kind: "none" }],
  ["2001:db8::4", "inbound", { kind: "unanswered" }],
  ["2001:db8::1", "submission", { kind: "none" }],
  [null, "inbound", { kind: "none" }],
] as const)
  test(`RFC 8601 §3: the reverse name of ${ip} (${listener}): ${found.kind}`, async () => {
    const { service, seen } = serviceOf("");
    const dialogue = service.open({ ...inbound, listener, ip });
    await dialogue.mail("ada@good.example");
    assert.deepEqual(await dialogue.reverseName(), found);
    assert.equal(seen.faults.length, 0);
  });

test("MAIL that nobody waits for: nothing is told of an answer, and null MX is found at the end (RFC 7505)", async () => {
  const { service, seen } = serviceOf('[policy]\nmode = "enforce"\nnull_mx_inbound = "mail-from"\n');
  const answered = service.open(inbound);
  const reply = await answered.mail("ada@noreply.example");
  assert.equal(reply === null ? null : replyLine(reply).slice(0, 10), "550 5.7.27");
  const silent = service.open(inbound);
  silent.begin("ada@noreply.example");
  silent.note("bob@us.example");
  const done = await silent.data(letter("ada@noreply.example"));
  assert.equal(done.kind === "refuse" ? replyLine(done.reply).slice(0, 10) : done.kind, "550 5.7.27");
  assert.deepEqual([seen.answers.length, seen.decisions.length], [1, 1]);
});

test("MAIL that nobody waits for: DNS is asked from there on", () => {
  const asked: string[] = [];
  const known = zoneResolver(zone);
  const watched: Resolver = {
    ...known,
    query: (name: string, type: RecordType) => {
      asked.push(name);
      return known.query(name, type);
    },
  };
  serviceOf("", { resolver: watched }).service.open(inbound).begin("ada@good.example");
  assert.ok(asked.includes("good.example"));
});

test("a header longer than what is read of one: 552 5.3.4, and one decision is told, also where one was told already", async () => {
  const { service, seen } = serviceOf("");
  const dialogue = service.open(inbound);
  dialogue.begin("ada@good.example");
  const done = dialogue.refuseLongHeader({ queueId: "Q1" });
  assert.equal(replyLine(done.reply), "552 5.3.4 Message header exceeds the size limit");
  assert.deepEqual([seen.decisions.map(({ queueId, disposition }) => [queueId, disposition.kind])], [[["Q1", "refuse"]]]);
  const read = service.open(inbound);
  await sent(read);
  read.refuseLongHeader();
  assert.equal(seen.decisions.length, 2);
});

test("a message that passes is accepted with its stamp, the queue id and the listener in its transaction", async () => {
  const { service, seen } = serviceOf("");
  const done = await sent(service.open(inbound));
  assert.ok(done.kind === "accept" && done.inspection !== null);
  assert.equal(done.hold, null);
  assert.match(done.headers[0] ?? "", /^Authentication-Results: mx\.us\.example;\r\n spf=pass/);
  assert.match(done.headers.join("\n"), /ID:[0-9a-f]{28};/);
  const { queueId, listener, direction, rcptTo } = done.inspection.transaction;
  assert.deepEqual([queueId, listener, direction, rcptTo], ["Q1", "inbound", "inbound", ["bob@us.example"]]);
  assert.equal(seen.decisions.length, 1);
  assert.equal(seen.answers.length, 2);
  assert.equal(service.inFlight, 0);
});

test("observe: what would be refused is accepted; enforce: it is refused with the reply of the inspection", async () => {
  const forged = { mailFrom: "x@evil.example", message: letter("ceo@good.example") };
  const { service, set } = serviceOf("");
  const observed = await sent(service.open(inbound), forged);
  assert.ok(observed.kind === "accept" && observed.inspection?.action.withheld === true);
  set(enforcing);
  const refused = await sent(service.open({ ...inbound, ip: "203.0.113.9", helo: "evil.example" }), forged);
  assert.ok(refused.kind !== "gone" && refused.inspection !== null);
  assert.equal(refused.inspection.verdict.compauth, "fail");
  assert.equal(refused.kind, refused.inspection.action.kind === "reject" ? "refuse" : "accept");
});

test("SPF and iprev are asked from MAIL on, once: the inspection takes what was begun", async () => {
  const asked: string[] = [];
  const resolver = zoneResolver(zone, { onQuery: ({ name, type }) => asked.push(`${type} ${name}`) });
  const { service } = serviceOf("", { resolver });
  const dialogue = service.open(inbound);
  await dialogue.mail("ada@good.example");
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(asked.includes("TXT good.example"), "SPF is on its way before the message");
  assert.ok(asked.includes("PTR 1.2.0.192.in-addr.arpa"));
  await dialogue.rcpt("bob@us.example");
  await dialogue.data(letter());
  assert.deepEqual(
    asked.filter((one, i) => asked.indexOf(one) !== i && !one.includes("_dmarc")),
    [],
  );
});

test("begun questions stand in the journal with the others", async () => {
  const memory = inCoreMemory();
  const decisions: { readonly questions: readonly { readonly name: string }[] }[] = [];
  const recording = Object.assign(Object.create(memory), {
    recordDecision: (decision: (typeof decisions)[number]) => decisions.push(decision),
  });
  const { service } = serviceOf("", { memory: recording });
  await sent(service.open(inbound));
  const names = decisions[0]?.questions.map(({ name }) => name) ?? [];
  assert.ok(names.includes("good.example"), names.join());
  assert.ok(names.includes("_dmarc.good.example"), names.join());
});

const ipv6: Client = { ...inbound, ip: "2001:db8::1" };
for (const [name, ip, recipient, reply] of [
  [
    "compauth.md IPv6: a recipient whose domain has not opted in",
    "2001:db8::1",
    "bob@old.example",
    "550 5.2.1 Service unavailable, [old.example] does not accept email over IPv6.",
  ],
  [
    "compauth.md IPv6: no PTR",
    "2001:db8::3",
    "bob@us.example",
    "450 4.7.25 Service unavailable, sending IPv6 address [2001:db8::3] must have reverse DNS record.",
  ],
  [
    "compauth.md IPv6: a PTR that cannot be asked is 451, never 4.7.25",
    "2001:db8::4",
    "bob@us.example",
    "451 4.4.3 Temporary DNS failure while looking up the reverse DNS record of [2001:db8::4], please try again later.",
  ],
] as const)
  test(`${name}: answered at RCPT, for that recipient alone`, async () => {
    const { service, seen } = serviceOf(enforcing);
    const dialogue = service.open({ ...ipv6, ip });
    assert.equal(await dialogue.mail("ada@good.example"), null);
    const answer = await dialogue.rcpt(recipient);
    assert.ok(answer !== null);
    assert.equal(replyLine(answer), reply);
    assert.equal(seen.answers.at(-1)?.recipient, recipient);
  });

test("IPv6: a client with a reverse name and an opted-in recipient goes on; neither SPF nor DKIM is 450 4.7.26 at DATA", async () => {
  const { service } = serviceOf(enforcing);
  const good = await sent(service.open(ipv6));
  assert.equal(good.kind, "accept");
  const other = await sent(service.open({ ...ipv6, ip: "2001:db8::2" }), {
    mailFrom: "x@nospf.example",
    message: letter("x@nospf.example"),
  });
  assert.ok(other.kind === "refuse");
  assert.match(replyLine(other.reply), /^450 4\.7\.26 Service unavailable, message sent over IPv6 \[2001:db8::2\] must pass/);
});

test("IPv6 behind a trusted hop: the hop's address is not the client's, and RCPT asks nothing of it", async () => {
  const { service } = serviceOf(`${enforcing}[trust]\nhops = ["2001:db8::/64"]\n`);
  const dialogue = service.open({ ...ipv6, ip: "2001:db8::3" });
  assert.equal(await dialogue.mail("ada@good.example"), null);
  assert.equal(await dialogue.rcpt("bob@us.example"), null);
});

test("a rule that is only observed answers nothing at RCPT", async () => {
  const { service } = serviceOf('[[domains]]\nname = "us.example"\n');
  const dialogue = service.open({ ...ipv6, ip: "2001:db8::3" });
  await dialogue.mail("ada@good.example");
  assert.equal(await dialogue.rcpt("bob@us.example"), null);
});

test("RFC 7505 §4.2: MAIL from a domain with a null MX is refused at MAIL where that is switched on, the null path never", async () => {
  const { service, set } = serviceOf(enforcing);
  assert.equal(await service.open(inbound).mail("x@noreply.example"), null);
  set(enforcing.replace('mode = "enforce"', 'mode = "enforce"\nnull_mx_inbound = true'));
  const answer = await service.open(inbound).mail("x@noreply.example");
  assert.equal(answer === null ? null : replyLine(answer), "550 5.7.27 Sender address has null MX");
  assert.equal(await service.open(inbound).mail(""), null);
});

test("RFC 7505 §4.1: outbound to a domain with a null MX is refused at RCPT, bounces and automatic replies with it", async () => {
  const { service } = serviceOf(enforcing);
  for (const mailFrom of ["ada@us.example", ""]) {
    const dialogue = service.open({ ...inbound, listener: "submission" });
    assert.equal(await dialogue.mail(mailFrom), null);
    const answer = await dialogue.rcpt("x@noreply.example");
    assert.equal(answer === null ? null : replyLine(answer), "556 5.1.10 Recipient address has null MX");
    assert.equal(await dialogue.rcpt("x@good.example"), null);
  }
});

test("submission: outbound, never judged, without the questions about the client", async () => {
  const asked: string[] = [];
  const resolver = zoneResolver(zone, { onQuery: ({ name }) => asked.push(name) });
  const { service } = serviceOf(enforcing, { resolver });
  const dialogue = service.open({ ...inbound, listener: "submission", authenticatedAs: "ada", ip: "198.51.100.9" });
  assert.equal(await dialogue.mail("ada@us.example"), null);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(asked, []);
  await dialogue.rcpt("x@good.example");
  const done = await dialogue.data(letter("ada@us.example"));
  assert.ok(done.kind === "accept" && done.inspection !== null);
  assert.equal(done.inspection.transaction.direction, "outbound");
});

test("several tenants: while enforcing, a recipient of another organization is sent a copy of its own", async () => {
  const tenants = '[[tenants]]\nid = "a"\ndomains = ["a.example"]\n[[tenants]]\nid = "b"\ndomains = ["b.example"]\n';
  const { service, set } = serviceOf(`[policy]\nmode = "enforce"\n${tenants}`);
  const dialogue = service.open(inbound);
  await dialogue.mail("ada@good.example");
  assert.equal(await dialogue.rcpt("one@a.example"), null);
  const answer = await dialogue.rcpt("two@b.example");
  assert.equal(answer?.code, 452);
  assert.equal(await dialogue.rcpt("three@a.example"), null);
  const done = await dialogue.data(letter());
  assert.deepEqual(done.kind === "accept" ? done.inspection?.transaction.rcptTo : null, ["one@a.example", "three@a.example"]);
  set(tenants);
  const observing = service.open(inbound);
  await observing.mail("ada@good.example");
  assert.equal(await observing.rcpt("one@a.example"), null);
  assert.equal(await observing.rcpt("two@b.example"), null);
});

test("a recipient that the server itself refused is none of the message's", async () => {
  const { service } = serviceOf("");
  const dialogue = service.open(inbound);
  await dialogue.mail("ada@good.example");
  await dialogue.rcpt("a@us.example");
  await dialogue.rcpt("b@us.example");
  dialogue.drop("a@us.example");
  const done = await dialogue.data(letter());
  assert.deepEqual(done.kind === "accept" ? done.inspection?.transaction.rcptTo : null, ["b@us.example"]);
});

const undecidable = { mailFrom: "ada@broken.example", message: letter("ada@broken.example") };

test("a message that DNS leaves undecided comes again so many times, then it is accepted with what is known: 2, 3, 4", async () => {
  const { service, seen } = serviceOf(enforcing);
  const kinds: string[] = [];
  for (let i = 0; i < 4; i += 1) kinds.push((await sent(service.open(inbound), undecidable)).kind);
  assert.deepEqual(kinds, ["refuse", "refuse", "refuse", "accept"]);
  assert.deepEqual(
    seen.decisions.map(({ deferrals }) => deferrals),
    [0, 1, 2, 3],
  );
  const other = await sent(service.open(inbound), { ...undecidable, rcptTo: ["carol@us.example"] });
  assert.equal(other.kind, "refuse", "another message has its own count");
});

test("observe: a message that DNS leaves undecided is accepted at once", async () => {
  const { service } = serviceOf("");
  assert.equal((await sent(service.open(inbound), undecidable)).kind, "accept");
});

test("450 of a rule is no undecided message: it stands however often the message comes", async () => {
  const { service } = serviceOf(enforcing);
  const kinds: string[] = [];
  const lone = { mailFrom: "x@nospf.example", message: letter("x@nospf.example") };
  for (let i = 0; i < 6; i += 1) kinds.push((await sent(service.open({ ...ipv6, ip: "2001:db8::2" }), lone)).kind);
  assert.deepEqual(new Set(kinds), new Set(["refuse"]));
});

/** Fails at every question, as only a bug would. */
const buggy: Resolver = {
  query: <T extends RecordType>(_: string, _type: T) => {
    throw new Error("a bug");
  },
};

test("a fault of ours is a temporary failure, so many times; then the message goes on, without what speaks in our name", async () => {
  const { service, seen } = serviceOf("", { resolver: buggy });
  const forged = letter(
    "ada@good.example",
    "Authentication-Results: mx.us.example; dmarc=pass header.from=good.example\r\nX-Assay-Report: V:1;\r\n",
  );
  const results: Disposition[] = [];
  for (let i = 0; i < 4; i += 1) {
    const dialogue = service.open(inbound);
    assert.equal(await dialogue.mail("ada@good.example"), null, "a fault at MAIL stops nothing");
    assert.equal(await dialogue.rcpt("bob@us.example"), null);
    results.push(await dialogue.data(forged));
  }
  assert.deepEqual(
    results.map(({ kind }) => kind),
    ["refuse", "refuse", "refuse", "accept"],
  );
  const [first, , , last] = results;
  assert.ok(first?.kind === "refuse" && last?.kind === "accept");
  assert.equal(replyLine(first.reply), "451 4.3.0 Temporary fault in mail authentication, please try again later.");
  assert.deepEqual(last.removals.map(({ name }) => name).sort(), ["authentication-results", "x-assay-report"]);
  assert.match(last.headers[0] ?? "", /^X-Assay-Fault: /);
  assert.ok(seen.faults.length >= 4);
  assert.equal(service.inFlight, 0);
});

test("a client that goes away in the middle of a message: gone, no fault of ours, nothing decided", async () => {
  const { service, seen } = serviceOf("");
  const dialogue = service.open(inbound);
  await dialogue.mail("ada@good.example");
  await dialogue.rcpt("bob@us.example");
  async function* cut(): AsyncGenerator<Uint8Array> {
    yield letter();
    throw new Error("connection reset");
  }
  assert.deepEqual(await dialogue.data(cut()), { kind: "gone" });
  assert.deepEqual([seen.faults, seen.decisions], [[], []]);
  assert.equal(service.inFlight, 0);
});

test("messages at once: one more than serve.messages_max is told to come again, and counts for nothing", async () => {
  const { service } = serviceOf("[serve]\nmessages_max = 2\ndeferrals_max = 0\n");
  const waiting: (() => void)[] = [];
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield letter();
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
  const under = [service.open(inbound), service.open(inbound)].map((dialogue) => dialogue.data(slow()));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(service.inFlight, 2);
  const third = await service.open(inbound).data(letter());
  assert.ok(third.kind === "refuse");
  assert.equal(replyLine(third.reply), "451 4.3.2 Mail authentication is busy, please try again later.");
  for (const resolve of waiting) resolve();
  assert.deepEqual(
    (await Promise.all(under)).map(({ kind }) => kind),
    ["accept", "accept"],
  );
  assert.equal((await service.open(inbound).data(letter())).kind, "accept");
});

test("new rules count from the next message on", async () => {
  const { service, set } = serviceOf("");
  const before = service.open({ ...ipv6, ip: "2001:db8::3" });
  set(enforcing);
  await before.mail("ada@good.example");
  assert.equal(await before.rcpt("bob@us.example"), null);
  const after = service.open({ ...ipv6, ip: "2001:db8::3" });
  await after.mail("ada@good.example");
  assert.equal((await after.rcpt("bob@us.example"))?.enhanced, "4.7.25");
});

test("a fault of ours, and the client goes away after MAIL: nobody waits for what was begun, and the process lives", async () => {
  const resolver: Resolver = { query: () => Promise.reject(new Error("a bug")) };
  const { service } = serviceOf("", { resolver });
  const unhandled: unknown[] = [];
  const watch = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", watch);
  await service.open(inbound).mail("ada@good.example");
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.removeListener("unhandledRejection", watch);
  assert.deepEqual(unhandled, []);
});

test("attack: a message to 10,000 recipients takes time by their number, not by its square", async () => {
  const { service } = serviceOf('[[domains]]\nname = "us.example"\n');
  const dialogue = service.open({ ...ipv6, ip: "2001:db8::3" });
  await dialogue.mail("ada@good.example");
  const startedAt = performance.now();
  for (let i = 0; i < 10_000; i += 1) await dialogue.rcpt(`r${i}@us.example`);
  const done = await dialogue.data(letter());
  assert.ok(performance.now() - startedAt < 5000, `${Math.round(performance.now() - startedAt)} ms`);
  assert.ok(done.kind === "accept" && done.inspection !== null);
  const { perRecipient } = done.inspection.action;
  assert.deepEqual([perRecipient.length, perRecipient[9999]], [10_000, { recipient: "r9999@us.example", kind: "reject" }]);
});

test("a fault of ours: a message that is tried again from another address of its sender's is the same one", async () => {
  const { service } = serviceOf("", { resolver: buggy });
  const kinds: string[] = [];
  for (let i = 0; i < 4; i += 1) {
    const dialogue = service.open({ ...inbound, ip: `192.0.2.${i + 1}` });
    await dialogue.mail("ada@good.example");
    await dialogue.rcpt("bob@us.example");
    kinds.push((await dialogue.data(letter())).kind);
  }
  assert.deepEqual(kinds, ["refuse", "refuse", "refuse", "accept"]);
});

test("attack: a spoof whose own SPF times out is put off, and then gets what it would have got: junk, not the inbox", async () => {
  const spoofed: Zone = {
    ...zone,
    "_dmarc.bank.example": [{ TXT: "v=DMARC1; p=quarantine" }],
    "stuck.example": ["TIMEOUT"],
    "bank.example": [{ TXT: "v=spf1 -all" }],
  };
  const { service } = serviceOf(enforcing, { resolver: zoneResolver(spoofed) });
  const spoof = { mailFrom: "x@stuck.example", message: letter("support@bank.example") };
  const kinds: string[] = [];
  for (let i = 0; i < 4; i += 1) {
    const done = await sent(service.open({ ...ipv6, ip: "2001:db8::2" }), spoof);
    kinds.push(
      done.kind === "accept" ? (done.inspection?.action.kind ?? "none") : done.kind === "refuse" ? String(done.reply.code) : done.kind,
    );
    if (done.kind === "accept") assert.match(done.headers.join(""), /ACTION:junk;/);
  }
  assert.deepEqual(kinds, ["451", "451", "451", "junk"]);
});

test("attack: a recipient without a domain of its own is no way around the opt-in to IPv6; postmaster is taken from everybody", async () => {
  const { service } = serviceOf(enforcing);
  const answers: (string | null)[] = [];
  for (const recipient of ["ada", "ada@[192.0.2.7]", "ada@", "postmaster", "Postmaster", "bob@us.example", "bob@elsewhere.example"]) {
    const dialogue = service.open(ipv6);
    await dialogue.mail("ada@good.example");
    const answer = await dialogue.rcpt(recipient);
    answers.push(answer === null ? null : `${answer.enhanced} ${/\[(.*?)\]/.exec(answer.text)?.[1]}`);
  }
  assert.deepEqual(answers, ["5.2.1 old.example", "5.2.1 old.example", "5.2.1 old.example", null, null, null, "5.2.1 elsewhere.example"]);
});

test("attack: fields that pass for ours behind a thousand others are taken out too", async () => {
  const { service } = serviceOf("");
  const many = `X-A: 1\r\n`.repeat(1200);
  const forged = "Authentication-Results: mx.us.example; dmarc=pass\r\nX-Assay-Report: V:1;\r\n";
  const done = await sent(service.open(inbound), {
    message: Buffer.from(`${forged}${many}${forged}From: <ada@good.example>\r\n\r\nx\r\n`),
  });
  assert.ok(done.kind === "accept");
  assert.deepEqual(done.removals.map(({ name, index }) => `${name} ${index}`).sort(), [
    "authentication-results 1",
    "authentication-results 2",
    "x-assay-report 1",
    "x-assay-report 2",
  ]);
});

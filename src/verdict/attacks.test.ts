/**
 * What an attacker gains (docs/sender-history.md "What an attacker can gain"), day by day against the store in memory: by authenticated
 * mail of his own domains, by a machine or an account at the victim's provider, by mail that he sends on, by patience and by volume.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Case, dmarcFail, inputOf, signatureOf, spfOf } from "../../test/decision-case.ts";
import { authorOf } from "../evidence/from/author.ts";
import { inCoreMemory } from "../memory/in-core.ts";
import { decide } from "./decide.ts";
import { lessonOf } from "./lesson.ts";
import { organizationOf } from "./organization.ts";
import { standingOf } from "./standing.ts";
import { carrierOf, tokensOf } from "./tokens.ts";

type Mail = Case & { readonly author: string; readonly to: string; readonly references?: readonly string[] };
type World = {
  /** Judges it, learns from it, and gives "fail 001 suspicious". */
  receive(mail: Mail, day: number): string;
  sends(sender: string, day: number, to: { readonly recipient: string; readonly messageId: string }): void;
  complains(organization: string, day: number, name: string): void;
};

function world(): World {
  const memory = inCoreMemory();
  return {
    receive: ({ author, to, references = [], ...one }, day) => {
      const input = inputOf({
        ...one,
        transaction: { rcptTo: [to], mailFrom: `x@${author}`, ...one.transaction },
        from: { domain: author, domains: [author], address: `ceo@${author}`, ...one.from },
      });
      const { transaction, from, evidence } = input;
      const history = memory.recall({
        ...{
          tenant: "",
          day,
          organization: organizationOf(authorOf(from).domains[0] ?? "", {}),
          carrier: carrierOf(transaction, from, evidence),
        },
        ...{ tokens: tokensOf(transaction, from, evidence), recipients: transaction.rcptTo, returned: evidence.bounceOf, references },
      });
      const verdict = decide(input, history, {});
      const { standing } = standingOf({ ...input, verdict }, history, {});
      const lesson = lessonOf({ ...input, verdict, history, standing }, "", day);
      if (lesson !== null) memory.record(lesson);
      return `${verdict.compauth} ${verdict.reason} ${standing}`;
    },
    sends: (sender, day, { recipient, messageId }) => memory.recordSent({ tenant: "", day, sender, messageId, recipients: [recipient] }),
    complains: (organization, day, name) =>
      memory.recordWord({ tenant: "", day, organization, token: { kind: "ptr", value: name }, word: "complaint" }),
  };
}

const users = Array.from({ length: 40 }, (_, i) => `user${i}@fabrikam.com`);
const user = (i: number): string => users[i % users.length] ?? "";
const start = 20_000;
const days = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, i) => start + from + i);

/** A client with a confirmed name of its own. */
const at = (ip: string, ptr: string): Pick<Case, "ptr" | "transaction" | "infrastructure"> => ({
  ptr,
  transaction: { ip },
  infrastructure: { prefix: `${ip.slice(0, ip.lastIndexOf("."))}.0/24` },
});
const home = at("192.0.2.10", "mail.hoster.example");
const evil = at("203.0.113.66", "mta.evil.example");

/** Mail of a domain that authenticates as its owner does: SPF alone, or SPF and DKIM. */
function genuine(author: string, to: string, how: { readonly signed: boolean; readonly from?: Partial<Case> }): Mail {
  const aligned = { domain: author, aligned: true, alignedBestGuess: true };
  return {
    ...{ author, to },
    ...(how.from ?? home),
    dmarc: { result: "bestguesspass", reason: "aligned", domain: author, alignedBy: how.signed ? "dkim" : "spf" },
    spf: [spfOf(aligned)],
    dkim: how.signed ? [signatureOf(aligned)] : [],
  };
}

/** What the victim's SPF record says of everybody else. */
const unlisted = { fromSpf: "softfail" } as const;

/** The attacker's: authenticated as his own domain, From of the victim. */
function spoof(author: string, to: string, from: Partial<Case> = evil): Mail {
  return {
    ...{ author, to },
    spf: [spfOf({ domain: "evil.example", aligned: false, alignedBestGuess: false })],
    dkim: [signatureOf({ domain: "evil.example" })],
    ...from,
    infrastructure: { ...from.infrastructure, ...unlisted },
  };
}

/** Sixty days of mail of two established domains, to ten users each. */
function settled(): World {
  const w = world();
  for (const day of days(0, 60)) {
    w.receive(genuine("spf-only.example", user(day), { signed: false }), day);
    w.receive(genuine("signed.example", user(day), { signed: true }), day);
  }
  return w;
}
const victims = ["spf-only.example", "signed.example"];

test("a spoof of an established domain is suspicious from the first message", () => {
  const w = settled();
  for (const victim of victims) assert.equal(w.receive(spoof(victim, user(39)), start + 60), "fail 001 suspicious");
});

test("own domains: thirty of them, authenticated for two months, gain nothing for the victims' names", () => {
  const w = settled();
  for (const day of days(0, 60)) {
    for (let i = 0; i < 30; i++) w.receive(genuine(`own${i}.example`, user(i), { signed: true, from: evil }), day);
  }
  const fromOwn = (victim: string): Mail => ({
    ...spoof(victim, user(39)),
    dkim: Array.from({ length: 4 }, (_, i) => signatureOf({ domain: `own${i}.example` })),
    spf: [spfOf({ domain: "own9.example", aligned: false, alignedBestGuess: false })],
  });
  for (const victim of victims) assert.equal(w.receive(fromOwn(victim), start + 60), "fail 001 suspicious");
});

test("own domains, the bound: three weeks as a list would, and the most is `unknown` for domains that do not sign; never a pass", () => {
  const w = settled();
  for (const day of days(30, 60)) w.receive(genuine("evil.example", user(39), { signed: true, from: evil }), day);
  assert.equal(w.receive(spoof("spf-only.example", user(39)), start + 50), "fail 001 suspicious", "after 20 days");
  assert.equal(w.receive(spoof("spf-only.example", user(39)), start + 60), "fail 001 unknown", "to whom he has written under his own name");
  assert.equal(w.receive(spoof("spf-only.example", user(38)), start + 60), "fail 001 suspicious", "nobody else");
  assert.equal(w.receive(spoof("signed.example", user(39)), start + 60), "fail 001 suspicious", "not a domain that signs");
  const copied = {
    domain: "signed.example",
    aligned: true,
    alignedBestGuess: true,
    result: "fail",
    reason: "signature",
    headerResult: "fail",
  } as const;
  assert.equal(
    w.receive({ ...spoof("signed.example", user(39)), dkim: [signatureOf(copied)] }, start + 60),
    "fail 001 unknown",
    "unless as a list breaks it",
  );
});

test("own domains, the bound: handing over mail of others for three weeks makes his name known to all, as a list's is; still never a pass", () => {
  const w = settled();
  for (const day of days(40, 62)) w.receive(spoof(`somebody${day}.example`, user(day)), day);
  assert.equal(w.receive(spoof("spf-only.example", user(39)), start + 62), "fail 001 unknown");
  assert.equal(w.receive(spoof("signed.example", user(39)), start + 62), "fail 001 suspicious");
});

test("a machine rented beside the victim's: the provider's name and the network do not speak for it", () => {
  const w = settled();
  const neighbour = at("192.0.2.77", "vm77.hoster.example");
  for (const victim of victims) {
    assert.equal(
      w.receive({ author: victim, to: user(39), ...neighbour, infrastructure: { ...neighbour.infrastructure, ...unlisted } }, start + 60),
      "fail 001 suspicious",
    );
  }
});

test("a machine rented beside a domain that never authenticates: no soft pass", () => {
  const w = world();
  for (const day of days(0, 30)) {
    w.sends(user(0), day, { recipient: "x@never.example", messageId: `<${day}@fabrikam.com>` });
    w.receive({ author: "never.example", to: user(day % 4), ...home }, day);
  }
  assert.match(w.receive({ author: "never.example", to: user(0), ...home }, start + 30), /^softpass 200/);
  assert.equal(
    w.receive({ author: "never.example", to: user(0), ...at("192.0.2.77", "vm77.hoster.example") }, start + 30),
    "fail 001 unknown",
  );
});

test("an account at the victim's provider: the shared relay that its SPF record lists", () => {
  const w = settled();
  const relay = at("198.51.100.20", "out1.provider.example");
  for (const day of days(0, 60)) {
    w.receive(genuine("customer.example", user(day), { signed: false, from: relay }), day);
    for (let i = 0; i < 25; i++) w.receive(genuine(`tenant${i}.example`, user(i), { signed: false, from: relay }), day);
  }
  const account: Mail = {
    ...spoof("customer.example", user(39), relay),
    spf: [spfOf({ domain: "bounces.provider.example", aligned: false, alignedBestGuess: false })],
    dkim: [signatureOf({ domain: "provider.example" })],
    infrastructure: { ...relay.infrastructure, fromSpf: "pass" },
  };
  assert.equal(w.receive(account, start + 60), "fail 001 suspicious");
});

test("an account at another provider, whose relays are known: nothing with his own verified envelope; without, `unknown` at most", () => {
  const w = settled();
  const relay = (n: number): ReturnType<typeof at> => at(`198.51.100.${n}`, `relay${n}.bulk.example`);
  const envelope = (domain: string): Pick<Case, "spf"> => ({ spf: [spfOf({ domain, aligned: false, alignedBestGuess: false })] });
  for (const day of days(0, 60)) {
    for (let i = 0; i < 20; i++) {
      const signed = genuine(`sender${i}.example`, user(day), { signed: true, from: relay(i % 5) });
      w.receive({ ...signed, ...envelope("bulk.example") }, day);
    }
  }
  const account = { ...relay(99), infrastructure: { ...relay(99).infrastructure, ptrOrganization: "bulk.example" } };
  const sent = (victim: string, to: string, mail: Pick<Case, "spf">): string =>
    w.receive({ ...spoof(victim, to, account), dkim: [], ...mail }, start + 60);
  for (const victim of victims) assert.equal(sent(victim, user(39), envelope("evil.example")), "fail 001 suspicious");
  assert.equal(sent("signed.example", stranger, envelope("bulk.example")), "fail 001 suspicious");
  assert.equal(sent("signed.example", user(39), envelope("bulk.example")), "fail 001 unknown");
  assert.equal(sent("spf-only.example", stranger, envelope("bulk.example")), "fail 001 unknown");
});

test("replay: genuine signed mail sent on from his host teaches nothing that a message without signature could use", () => {
  const w = settled();
  const replayed: Mail = {
    ...genuine("signed.example", user(20), { signed: true, from: evil }),
    spf: [spfOf({ domain: "evil.example", aligned: false, alignedBestGuess: false })],
  };
  for (const day of days(50, 60)) for (let i = 0; i < 20; i++) w.receive({ ...replayed, to: user(i) }, day);
  assert.equal(w.receive(spoof("signed.example", user(39)), start + 60), "fail 001 suspicious");
});

const plainly = (author: string, to: string): Mail => ({
  ...{ author, to },
  ...evil,
  transaction: { ip: "203.0.113.66", mailFrom: "" },
  infrastructure: { ...evil.infrastructure, ...unlisted },
});
const stranger = "nobody-knows-them@fabrikam.com";

test("patience in an established victim's name: sixty days of daily spoofs open no tier, and to strangers the standing stays as it is", () => {
  const w = settled();
  for (const day of days(60, 120)) {
    for (const victim of victims) {
      w.receive(genuine(victim, user(day), { signed: victim === "signed.example" }), day);
      assert.equal(w.receive(plainly(victim, stranger), day), "fail 001 suspicious");
    }
  }
});

test("patience, the bound: to people who know the domain, from one host, four days over two weeks without a complaint: `unknown`; never a pass", () => {
  const w = settled();
  const spoofs = days(60, 80).map((day) => {
    w.receive(genuine("spf-only.example", user(5), { signed: false }), day);
    return w.receive(plainly("spf-only.example", user(5)), day);
  });
  assert.ok(
    spoofs.slice(0, 14).every((one) => one === "fail 001 suspicious"),
    "two weeks in junk",
  );
  assert.ok(spoofs.slice(16).every((one) => one === "fail 001 unknown"));
  assert.equal(w.receive(plainly("spf-only.example", stranger), start + 80), "fail 001 suspicious", "nobody else");
  const other = { ...plainly("spf-only.example", user(5)), ...at("203.0.113.67", "mta2.evil.example"), infrastructure: unlisted };
  assert.equal(w.receive(other, start + 80), "fail 001 suspicious", "no other host");
  w.complains("spf-only.example", start + 80, "mta.evil.example");
  assert.equal(w.receive(plainly("spf-only.example", user(5)), start + 80), "fail 001 suspicious", "one complaint ends it");
});

test("volume: ten thousand spoofs from his host, and the victim's own mail passes as before", () => {
  const w = settled();
  for (let i = 0; i < 10_000; i++) w.receive(spoof("spf-only.example", user(i)), start + 60);
  assert.equal(w.receive(spoof("spf-only.example", user(1)), start + 61), "fail 001 suspicious");
  assert.equal(w.receive(genuine("spf-only.example", user(1), { signed: false }), start + 61), "pass 109 good");
  const bounce: Mail = { author: "spf-only.example", to: user(1), ...home, transaction: { ip: "192.0.2.10", mailFrom: "" } };
  assert.equal(w.receive(bounce, start + 61), "pass 105 good", "nor does it hurt what history passes");
});

test("a signature made up, or copied from a genuine message, does not help", () => {
  const w = settled();
  for (const reason of ["no-key", "signature"] as const) {
    const forged = signatureOf({
      ...{ domain: "signed.example", aligned: true, alignedBestGuess: true, reason },
      ...{
        result: reason === "signature" ? "fail" : "permerror",
        headerResult: reason === "signature" ? "fail" : "none",
        bodyResult: "none",
      },
    });
    assert.equal(w.receive({ ...spoof("signed.example", user(39)), dkim: [forged] }, start + 60), "fail 001 suspicious");
  }
});

test("an enforced policy is out of history's reach, whatever was learnt of the host", () => {
  const w = settled();
  for (const day of days(0, 60)) w.receive(genuine("evil.example", user(day), { signed: true, from: evil }), day);
  const enforced = { ...spoof("signed.example", user(39)), dmarc: { ...dmarcFail("reject"), domain: "signed.example" } };
  assert.match(w.receive(enforced, start + 60), /^fail 000/);
});

// A domain that never authenticates: tier 2 is its only way, and the attacker's too. What it costs him, and what he gets.
const waiting = (w: World, from: number, to: number, how: Partial<Mail> = {}): string => {
  let last = "";
  for (const day of days(from, to)) last = w.receive({ author: "never.example", to: user(day % 4), ...evil, ...how }, day);
  return last;
};
const correspondent = (): World => {
  const w = world();
  w.sends(user(0), start, { recipient: "x@never.example", messageId: "<1@fabrikam.com>" });
  return w;
};

test("never-authenticating domain, patience: the most is softpass, after 5 days and 3 recipients of whom one writes to the domain", () => {
  const w = correspondent();
  assert.equal(waiting(w, 0, 5), "fail 001 unknown");
  assert.match(waiting(w, 5, 60), /^softpass 200/);
});

test("never-authenticating domain: without anybody in correspondence, sixty days gain nothing", () => {
  assert.equal(waiting(world(), 0, 60), "fail 001 unknown");
});

test("never-authenticating domain: an answer to the attacker's own domain is no answer to the victim", () => {
  const w = world();
  w.sends(user(0), start, { recipient: "x@evil.example", messageId: "<2@fabrikam.com>" });
  assert.equal(waiting(w, 0, 60, { references: ["<2@fabrikam.com>"] }), "fail 001 unknown");
  w.sends(user(0), start + 60, { recipient: "x@never.example", messageId: "<3@fabrikam.com>" });
  assert.match(waiting(w, 60, 62, { references: ["<3@fabrikam.com>"] }), /^softpass 200/, "an answer to one of ours is");
});

test("never-authenticating domain: one complaint takes the soft pass away", () => {
  const w = correspondent();
  assert.match(waiting(w, 0, 30), /^softpass 200/);
  w.complains("never.example", start + 30, "mta.evil.example");
  assert.equal(waiting(w, 30, 31), "fail 001 unknown");
});

test("never-authenticating domain: volume on one day is one day", () => {
  const w = correspondent();
  for (let i = 0; i < 5000; i++) w.receive({ author: "never.example", to: user(i), ...evil }, start);
  assert.equal(w.receive({ author: "never.example", to: user(0), ...evil }, start + 1), "fail 001 unknown");
});

test("never-authenticating domains: one host soft-passes for five at most", () => {
  const w = world();
  for (let i = 0; i < 6; i++) w.sends(user(0), start, { recipient: `x@never${i}.example`, messageId: `<${i}@fabrikam.com>` });
  let last: string[] = [];
  for (const day of days(0, 30))
    last = Array.from({ length: 6 }, (_, i) => w.receive({ author: `never${i}.example`, to: user(day % 4), ...evil }, day));
  assert.deepEqual(new Set(last), new Set(["fail 001 unknown"]));
});

test("never-authenticating domain: a host without a confirmed name learns nothing", () => {
  const nameless = { ptr: undefined as never, iprev: { result: "fail", reason: "not-confirmed", names: ["mta.evil.example"] } } as const;
  assert.equal(waiting(correspondent(), 0, 60, nameless), "fail 001 unknown");
});

test("once the domain begins to authenticate, tier 2 is closed", () => {
  const w = correspondent();
  assert.match(waiting(w, 0, 30), /^softpass 200/);
  for (const day of days(30, 33)) w.receive(genuine("never.example", user(day), { signed: true }), day);
  assert.match(waiting(w, 33, 34), /^fail 001/);
});

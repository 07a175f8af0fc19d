/**
 * Policy on its whole way (design: compauth.md "After the verdict" on): a configuration as an operator writes it, entries of the store and a
 * message, through `inspect`. What each rule means is tested beside it; here, that a message meets it.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { type InspectInput, inspect } from "../../src/gateway/inspect.ts";
import { judgePolicyFor, judgePolicyOf, tenantOfRecipients } from "../../src/gateway/judge-policy.ts";
import type { Entry } from "../../src/memory/entries.ts";
import { inCoreMemory } from "../../src/memory/in-core.ts";
import type { Memory } from "../../src/memory/memory.ts";
import type { Sighting } from "../../src/memory/sightings.ts";
import type { Inspection } from "../../src/stamp/inspection.ts";
import { zoneResolver } from "../../src/system/zone-resolver.ts";
import type { Sent } from "../../src/verdict/history.ts";
import { parsePair } from "../../src/verdict/overrides/entry.ts";
import { defaultScopes, type ListKind, parseSubject } from "../../src/verdict/overrides/list-entry.ts";

const resolver = zoneResolver({
  "contoso.com": [{ MX: [10, "mx.contoso.com"] }],
  "evil.example": [{ TXT: "v=spf1 ip4:198.51.100.7 -all" }],
  "7.100.51.198.in-addr.arpa": [{ PTR: "mail.evil.example" }],
  "mail.evil.example": [{ A: "198.51.100.7" }],
  "strict.example": [{ TXT: "v=spf1 -all" }],
  "_dmarc.strict.example": [{ TXT: "v=DMARC1; p=reject" }],
  "silent.example": [{ MX: [0, "."] }],
  "blue.example": [{ TXT: "v=spf1 -all" }],
});
const now = Date.UTC(2026, 5, 1, 12);
const today = Math.floor(now / 86_400_000);

type Mail = {
  readonly config?: string;
  readonly entries?: readonly Entry[];
  readonly from?: string;
  readonly fields?: readonly string[];
  readonly envelope?: Partial<InspectInput>;
  readonly memory?: Partial<Memory>;
};

/** Mail of a stranger in the name of ceo@contoso.com, which publishes nothing. */
async function arrive({ config = "", entries = [], from = "ceo@contoso.com", fields = [], envelope, memory }: Mail): Promise<Inspection> {
  const loaded = loadConfig(Buffer.from(config));
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const policy = judgePolicyOf(loaded.config);
  const header = [...fields, ...(from === "" ? [] : [`From: ${from}`]), "To: ann@fabrikam.com", "Message-ID: <1@evil.example>"];
  const input: InspectInput = {
    ...{ ip: "198.51.100.7", helo: "mail.evil.example", mailFrom: "x@evil.example", rcptTo: ["ann@fabrikam.com"] },
    message: Buffer.from(`${header.join("\r\n")}\r\n\r\nhello\r\n`),
    ...envelope,
  };
  const tenant = tenantOfRecipients(policy, [input.rcptTo ?? []].flat());
  return inspect(input, {
    ...{ resolver, clock: () => now, random: () => 0.5, authservId: "mx.fabrikam.com", tenant },
    policy: judgePolicyFor(policy, tenant),
    memory: { ...inCoreMemory({ entries }), ...memory },
  });
}

const enforce = '[policy]\nmode = "enforce"\n';

function pair(text: string, action: "allow" | "block" | "confirmed", more: { readonly evenIfAuthenticated?: boolean } = {}): Entry {
  const read = parsePair(text);
  assert.ok(read.status === "read");
  const kept = { note: null, by: "ann", madeDay: today, matchedDay: null, expiry: { kind: "never" } as const };
  return { shape: "pair", entry: { ...read.value, id: `p-${action}`, action, evenIfAuthenticated: false, ...kept, ...more } };
}

function listed(kind: ListKind, subject: string, action: "allow" | "block" = "allow"): Entry {
  const read = parseSubject(subject);
  assert.ok(read !== null);
  const kept = { note: null, by: "ann", madeDay: today, matchedDay: null, expiry: { kind: "never" } as const };
  const scopes = defaultScopes(kind, action);
  return {
    shape: "list",
    entry: { id: `l-${kind}`, kind, action, subject: read, recipient: null, scopes, needsAuthentication: false, ...kept },
  };
}

const told = ({ verdict, standing, action, overrides }: Inspection) => ({
  verdict: `${verdict.compauth} ${verdict.reason}`,
  standing,
  action: `${action.kind}${action.withheld ? " withheld" : ""}`,
  overrides: overrides.map(({ kind, scope, entry, applied }) => `${kind} ${scope} ${entry}${applied ? " applied" : ""}`),
});

describe("pairs of the store", () => {
  test("an allow entry leaves compauth=fail standing, and is its own field", async () => {
    const found = told(await arrive({ config: enforce, entries: [pair("contoso.com, evil.example", "allow")] }));
    assert.deepEqual([found.verdict, found.standing, found.action], ["fail 001", "allowed", "deliver"]);
    assert.deepEqual(found.overrides, ["pair spoof p-allow applied"]);
  });
  test("a block is row 2 and is quarantined; in observe mode it is only told", async () => {
    const entries = [pair("contoso.com, evil.example", "block"), pair("contoso.com, 198.51.100.0/24", "allow")];
    const blocked = told(await arrive({ config: enforce, entries }));
    assert.deepEqual([blocked.verdict, blocked.standing, blocked.action], ["fail 002", "blocked", "quarantine"]);
    assert.equal(told(await arrive({ entries })).action, "quarantine withheld");
  });
  test("an expired entry, and one of another infrastructure, is not there", async () => {
    const old = pair("contoso.com, evil.example", "allow");
    assert.ok(old.shape === "pair");
    const expired: Entry = { shape: "pair", entry: { ...old.entry, madeDay: today - 91, expiry: { kind: "idle", days: 90 } } };
    for (const entries of [[expired], [pair("contoso.com, other.example", "allow")]]) {
      const { standing, overrides } = told(await arrive({ config: enforce, entries }));
      assert.deepEqual([standing, overrides], ["unknown", []]);
    }
  });
  test("the store is away: entries that the node knew last stay in force", async () => {
    const inspection = await arrive({
      config: enforce,
      entries: [pair("contoso.com, evil.example", "block")],
      memory: { history: () => Promise.resolve({ status: "unavailable" }) },
    });
    assert.equal(told(inspection).verdict, "fail 002");
    assert.equal(inspection.history?.status, "unavailable");
  });
  test("profile consumer: nothing that would accept is in force, blocks are", async () => {
    const config = `${enforce}profile = "consumer"\n`;
    assert.equal(told(await arrive({ config, entries: [pair("contoso.com, evil.example", "allow")] })).standing, "unknown");
    assert.equal(told(await arrive({ config, entries: [pair("contoso.com, evil.example", "block")] })).standing, "blocked");
  });
});

describe("lists of the store", () => {
  test("row 3: an IP allow entry bypasses authentication", async () => {
    const found = told(await arrive({ config: enforce, from: "ceo@strict.example", entries: [listed("ip-allow", "198.51.100.7")] }));
    assert.deepEqual([found.verdict, found.action], ["none 400", "deliver"]);
    assert.ok(found.overrides.includes("ip-allow authentication l-ip-allow applied"), found.overrides.join());
    assert.equal(told(await arrive({ config: enforce, from: "ceo@strict.example" })).verdict, "fail 000");
  });
  test("a blocked sender is acted on whatever the verdict", async () => {
    const { action, overrides } = told(await arrive({ config: enforce, entries: [listed("sender", "contoso.com", "block")] }));
    assert.deepEqual([action, overrides], ["quarantine", ["sender action l-sender applied"]]);
  });
  test("what matched is told to the store, once a message", async () => {
    const matched: unknown[] = [];
    const entries = [
      pair("contoso.com, evil.example", "allow"),
      listed("sender", "contoso.com", "block"),
      listed("domain", "other.example"),
    ];
    await arrive({ config: enforce, entries, memory: { recordMatched: (one) => void matched.push(one) } });
    assert.deepEqual(matched, [{ tenant: "", day: today, entries: ["p-allow", "l-sender"] }]);
  });
});

test("trusted hop: every row runs on the true client, whose reverse name and SPF are asked for", async () => {
  const config = '[trust]\nhops = ["203.0.113.1"]\n';
  const fields = ["Received: from mail.evil.example (mail.evil.example [198.51.100.7]) by gw.fabrikam.com; Mon, 1 Jun 2026 12:00:00 +0000"];
  const behind = await arrive({ config, fields, envelope: { ip: "203.0.113.1", helo: "gw.fabrikam.com" } });
  assert.deepEqual(
    [behind.transaction.ip, behind.transaction.trustedHop, behind.transaction.ptr],
    ["198.51.100.7", "203.0.113.1", "mail.evil.example"],
  );
  assert.equal(behind.evidence.spf[0]?.result, "pass");
  const stranger = await arrive({ config, fields, envelope: { ip: "203.0.113.2" } });
  assert.equal(stranger.transaction.ip, "203.0.113.2", "anybody could write that Received");
});

describe("rules and filters of the configuration", () => {
  test("a rule on the header stamps a field and sets junk; compauth stays", async () => {
    const config = `${enforce}[[rules]]\nname = "gifts"\ntext = "when header subject contains \\"gift card\\" then stamp X-Gift \\"yes\\", junk"\n`;
    const inspection = await arrive({ config, fields: ["Subject: A GIFT CARD for you"] });
    assert.equal(inspection.action.kind, "junk");
    assert.equal(inspection.verdict.compauth, "fail");
    assert.ok(inspection.headers.includes("X-Gift: yes"), inspection.headers.join("\n"));
    assert.deepEqual(
      (await arrive({ config })).headers.filter((field) => field.startsWith("X-Gift")),
      [],
    );
  });
  test("a filter's verdict counts from its networks alone; from everybody else its field is taken out", async () => {
    const config = `${enforce}[[filters]]\nname = "av"\nheader = "X-Virus"\nnetworks = ["198.51.100.0/24"]\nmalware = ["infected*"]\n`;
    const fields = ["X-Virus: infected (Eicar)"];
    const caught = await arrive({ config, fields, entries: [pair("contoso.com, evil.example", "allow")] });
    assert.equal(caught.action.kind, "quarantine", "malware is lifted by nothing");
    const forged = await arrive({ config, fields, envelope: { ip: "192.0.2.9" } });
    assert.equal(forged.action.kind, "deliver");
    assert.deepEqual(
      forged.removals.map(({ name, index }) => `${name} ${index}`),
      ["x-virus 1"],
    );
  });
});

test("attack: a forged field of ours, or of a filter, is gone before a rule reads it", async () => {
  const rule = (text: string): string => `${enforce}[[rules]]\nname = "r"\ntext = '${text}'\n`;
  const passed = rule('when client is 198.51.100.7 and header authentication-results contains "dmarc=pass" then bypass authentication');
  const forged = await arrive({
    config: passed,
    from: "ceo@strict.example",
    fields: ["Authentication-Results: mx.fabrikam.com; dmarc=pass"],
  });
  assert.deepEqual([told(forged).verdict, forged.removals.length], ["fail 000", 1]);
  const scan = '[[filters]]\nname = "av"\nheader = "X-Scan"\nnetworks = ["203.0.113.0/24"]\nclean = ["clean"]\n';
  const unscanned = `${rule('when not header x-scan contains "clean" then quarantine')}${scan}`;
  assert.equal((await arrive({ config: unscanned, fields: ["X-Scan: clean"] })).action.kind, "quarantine");
});

describe("rules beside the verdict", () => {
  test("From enforcement: two From fields are refused with 5.7.512, and nothing forgives them", async () => {
    const refused = await arrive({ config: enforce, fields: ["From: a@other.example"], entries: [listed("ip-allow", "198.51.100.7")] });
    assert.deepEqual([refused.action.kind, refused.action.smtp?.enhanced], ["reject", "5.7.512"]);
    assert.equal((await arrive({ fields: ["From: a@other.example"] })).action.withheld, true, "observe");
  });
  test("an empty From gets MAIL FROM's address where the operator says so", async () => {
    const config = `${enforce}from_empty = "assign-mail-from"\n`;
    const assigned = await arrive({ config, from: "", fields: ["From: "] });
    assert.equal(assigned.headers.at(-1), "From: <x@evil.example>");
    assert.deepEqual(
      assigned.removals.map(({ name, index }) => `${name} ${index}`),
      ["from 1"],
    );
  });
  test("attack: an empty From does not borrow an envelope that nobody vouches for", async () => {
    const config = `${enforce}from_empty = "assign-mail-from"\n`;
    const paths = ["ceo@strict.example", '"boss@bank.example> <x"@evil.example', ""];
    for (const mailFrom of paths) {
      const found = await arrive({ config, from: "", fields: ["From: "], envelope: { mailFrom } });
      assert.deepEqual(
        found.headers.filter((field) => field.startsWith("From:")),
        [],
        mailFrom,
      );
      assert.equal(found.action.smtp?.enhanced, "5.7.512", mailFrom);
    }
  });
  test("RFC 7505: mail of a domain that cannot receive is refused only if asked for", async () => {
    const mail = { envelope: { mailFrom: "x@silent.example" } };
    assert.equal((await arrive({ ...mail, config: enforce })).action.kind, "deliver");
    const refused = await arrive({ ...mail, config: `${enforce}null_mx_inbound = true\n` });
    assert.equal(refused.action.smtp?.enhanced, "5.7.27");
  });
  test("anonymous IPv6: no reverse name is 450 4.7.25, and an IP allow entry waives nothing", async () => {
    const config = `${enforce}ipv6_gate = "unauthenticated"\n[[domains]]\nname = "fabrikam.com"\nipv6 = true\n`;
    const entries = [listed("ip-allow", "2001:db8::/32")];
    const { action } = await arrive({ config, entries, envelope: { ip: "2001:db8::7" } });
    assert.deepEqual([action.kind, action.smtp?.code, action.smtp?.enhanced], ["tempfail", 450, "4.7.25"]);
    const closed = await arrive({ config: config.replace("ipv6 = true", "ipv6 = false"), envelope: { ip: "2001:db8::7" } });
    assert.deepEqual([closed.action.smtp?.code, closed.action.smtp?.enhanced], [550, "5.2.1"]);
  });
});

test("attack: an IPv6 client without a name is asked for one also where the recipient has no domain", async () => {
  const config = `${enforce}[[domains]]\nname = "fabrikam.com"\nipv6 = true\n`;
  for (const recipient of ["postmaster", "ann@[192.0.2.1]"]) {
    const { action } = await arrive({ config, envelope: { ip: "2001:db8::7", rcptTo: [recipient] } });
    assert.equal(action.smtp?.enhanced, "4.7.25", recipient);
  }
});

test("along the dialogue RCPT comes first: an IPv6 refusal there, not that of the broken From", async () => {
  const config = `${enforce}[[domains]]\nname = "fabrikam.com"\n`;
  const { action } = await arrive({ config, fields: ["From: a@other.example"], envelope: { ip: "2001:db8::7" } });
  assert.equal(action.smtp?.enhanced, "5.2.1");
});

test("a relay network that does not log in is our own: outbound, and From must belong to it", async () => {
  const config = `${enforce}[[outbound.accounts]]\nnetworks = ["198.51.100.0/24"]\ndomains = ["fabrikam.com"]\n`;
  const stranger = await arrive({ config, entries: [listed("ip-allow", "198.51.100.7")] });
  assert.deepEqual([stranger.transaction.direction, stranger.action.kind], ["outbound", "reject"]);
  assert.equal((await arrive({ config, from: "ann@fabrikam.com" })).action.kind, "deliver");
});

describe("tenants", () => {
  const config = `${enforce}[[tenants]]\nid = "blue"\ndomains = ["blue.example"]\n[[tenants]]\nid = "green"\ndomains = ["green.example"]\n`;
  test("row 11: the domain of the recipient's own organization is 601; another tenant's is a stranger's", async () => {
    const to = (recipient: string): Promise<Inspection> => arrive({ config, from: "boss@blue.example", envelope: { rcptTo: [recipient] } });
    assert.equal(told(await to("ann@blue.example")).verdict, "fail 601");
    assert.equal(told(await to("ann@green.example")).verdict, "fail 001");
  });
  test("mail for two tenants at once is nobody's: what one says is not the other's", () => {
    const loaded = loadConfig(Buffer.from(config));
    assert.ok(loaded.ok);
    const of = (...recipients: string[]): string => tenantOfRecipients(judgePolicyOf(loaded.config), recipients);
    assert.deepEqual([of("a@blue.example", "b@green.example"), of("<b@green.example>"), of("x@other.example")], ["", "green", ""]);
  });
  test("sightings say whether a spoof is internal or external, and whose", async () => {
    const seen: Sighting[] = [];
    const memory = { recordSighting: (one: Sighting) => void seen.push(one) };
    for (const recipient of ["ann@blue.example", "ann@green.example"]) {
      await arrive({ config, from: "boss@blue.example", envelope: { rcptTo: [recipient] }, memory });
    }
    assert.deepEqual(
      seen.map(({ tenant, spoof, infrastructure, allowable }) => [tenant, spoof, infrastructure, allowable]),
      [
        ["blue", "internal", "evil.example", "evil.example"],
        ["green", "external", "evil.example", "evil.example"],
      ],
    );
  });
});

test("outbound is observed, never judged", async () => {
  const sent: Sent[] = [];
  const nothing = (): never => assert.fail("outbound mail teaches no history");
  const memory = { recordSent: (one: Sent) => void sent.push(one), record: nothing, recordSighting: nothing, recordMatched: nothing };
  const entries = [pair("contoso.com, evil.example", "block")];
  const { verdict, action } = await arrive({ config: enforce, entries, envelope: { authenticatedAs: "ann" }, memory });
  assert.deepEqual([verdict.reason, action.kind], ["300", "deliver"]);
  assert.deepEqual(sent, [
    { tenant: "", day: today, sender: "ceo@contoso.com", messageId: "<1@evil.example>", recipients: ["ann@fabrikam.com"] },
  ]);
});

test("outbound mail that is refused was sent by nobody: it is not remembered as sent", async () => {
  const nothing = (): never => assert.fail("nothing is remembered");
  const memory = { recordSent: nothing, record: nothing, recordSighting: nothing, recordMatched: nothing };
  const config = `${enforce}\n[policy.enforce]\nfrom = true\n[[outbound.accounts]]\nlogin = "ann"\ndomains = ["fabrikam.com"]\n`;
  const { action } = await arrive({ config, envelope: { authenticatedAs: "ann" }, memory });
  assert.deepEqual([action.kind, action.withheld], ["reject", false]);
});

test("a decision asks the store for history once and for entries once, whatever matches", async () => {
  let asked = 0;
  const memory = inCoreMemory({ entries: [pair("contoso.com, evil.example", "allow")] });
  await arrive({
    memory: {
      history: (question) => {
        asked += 1;
        return memory.history(question);
      },
      entries: (question) => {
        asked += 1;
        return memory.entries(question);
      },
    },
  });
  assert.equal(asked, 2);
});

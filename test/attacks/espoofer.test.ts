/**
 * The spoofing attacks of "Composition Kills" (USENIX Security 2020), as their authors' tool sends them, in a world that favours the
 * attacker: his names answer whatever helps, also through a resolver that ends names at NUL; legitimate.com publishes p=reject,
 * SPF -all and a key he does not have. Invariants: never dmarc=pass or compauth=pass for legitimate.com, and nothing of his is
 * in our Authentication-Results but as the value of the property it belongs to.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { keySource } from "../../bench/keys.ts";
import { signDkim } from "../../bench/signer.ts";
import { type Answer, type Inspection, inspect, parseAuthenticationResults, type RecordType, type Resolver } from "../../src/index.ts";
import { corpusPath, missing } from "../corpora.ts";
import { readResults, type WrittenResult } from "./read-results.ts";

type Case = {
  readonly id: string;
  readonly mode: "server" | "client";
  readonly description: string;
  readonly helo: string;
  readonly mailfrom: string;
  readonly rcptto: string;
  readonly data_b64: string;
  readonly dkim: { readonly d: string; readonly s: string } | null;
};

const keys = keySource();
const attacker = keys("rsa-sha256");
const legitimate = keys("rsa-sha256");
const clock = (): number => 1_780_000_000_000;

const corpus = corpusPath("attacks/espoofer.jsonl");
const cases: Case[] =
  corpus === null
    ? []
    : readFileSync(corpus, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line));

test("the spoofing cases are all there", { skip: corpus === null && missing("attacks/espoofer.jsonl") }, () => {
  assert.equal(cases.length, 22);
});

for (const one of cases) {
  for (const ending of ["whole names", "names that end at NUL"] as const) {
    test(`attack ${one.id}, ${ending}: ${one.description}`, async () => {
      const asked: string[] = [];
      const inspection = await run(one, worldOf(asked, ending));
      neverForTheVictim(inspection);
      // Each of these shows, or may show, a reader legitimate.com: none is authentic, whatever domain was read.
      if (one.mode === "server") assert.equal(inspection.verdict.compauth, "fail");
      // A NUL or a quote in d= or s= fails the grammar of RFC 6376 §3.5 before any question is asked.
      for (const name of asked) assert.match(name, /^[a-z0-9._-]+$/i);
      nothingInjected(inspection);
    });
  }
}

test("the world is fair: legitimate.com's own mail passes, and so does the attacker's in his own name", async () => {
  const message = (domain: string): Buffer =>
    Buffer.from(`From: <a@${domain}>\r\nTo: <victim@victim.com>\r\nSubject: own\r\n\r\nHello.\r\n`);
  const options = { headers: ["From", "To", "Subject"], signedAt: clock() / 1000 - 60 };
  for (const [domain, key] of [["legitimate.com", legitimate] as const, ["attack.com", attacker] as const]) {
    const bytes = signDkim(message(domain), { domain, selector: "selector", key }, options);
    const found = await inspect({ message: bytes, ...envelope, mailFrom: `<a@${domain}>` }, depsOf(worldOf([], "whole names")));
    assert.equal(found.evidence.dmarc.result, "pass", domain);
    assert.equal(found.verdict.compauth, "pass", domain);
    nothingInjected(found);
  }
});

const envelope = { ip: "198.51.100.66", helo: "attack.com", rcptTo: ["<victim@victim.com>"] };

function run(one: Case, resolver: Resolver): Promise<Inspection> {
  const plain = Buffer.from(one.data_b64, "base64");
  const options = { headers: ["From"], signedAt: clock() / 1000 - 60 };
  const message = one.dkim === null ? plain : signDkim(plain, { domain: one.dkim.d, selector: one.dkim.s, key: attacker }, options);
  return inspect({ message, ...envelope, helo: one.helo, mailFrom: one.mailfrom, rcptTo: [one.rcptto] }, depsOf(resolver));
}

function depsOf(resolver: Resolver): Parameters<typeof inspect>[1] {
  return { resolver, clock, authservId: "mx.victim.com" };
}

function neverForTheVictim({ from, evidence, verdict }: Inspection): void {
  if (from.domain === "legitimate.com" || from.domains.includes("legitimate.com")) {
    assert.notEqual(evidence.dmarc.result, "pass");
    assert.notEqual(evidence.dmarc.result, "bestguesspass");
    assert.notEqual(verdict.compauth, "pass");
    assert.notEqual(verdict.compauth, "softpass");
  }
  if (evidence.dmarc.result === "pass") assert.equal(evidence.dmarc.domain, "attack.com");
  for (const { result, domain } of evidence.dkim) assert.ok(result !== "pass" || domain === "attack.com", `dkim=pass for ${domain}`);
  // Composition Kills A1, A2: neither HELO nor a repaired path stands in for MAIL FROM.
  for (const { result, domain } of evidence.spf) assert.ok(result !== "pass" || domain?.endsWith("attack.com"), `spf=pass for ${domain}`);
}

function nothingInjected({ headers, evidence, from, transaction, verdict }: Inspection): void {
  const field = headers[0] ?? "";
  const { authservId, results } = readResults(field);
  assert.equal(authservId, "mx.victim.com");
  const count = (method: string): number => results.filter((result) => result.method === method).length;
  assert.equal(count("dmarc"), 1);
  assert.equal(count("dkim"), Math.max(1, evidence.dkim.length));
  for (const result of results) believable(result, { evidence, from, transaction, verdict });
  // What we write our own parser reads as the same list.
  const parsed = parseAuthenticationResults(field.slice(field.indexOf(":") + 1));
  assert.deepEqual(
    parsed?.results.map(({ method, result, properties }) => [
      method,
      result,
      properties.map(({ ptype, property, value }) => [`${ptype}.${property}`, value]),
    ]),
    results.map(({ method, result, properties }) => [method, result, properties]),
  );
}

/** Each word and value is one that the evidence holds for just that place. */
function believable(
  result: WrittenResult,
  { evidence, from, transaction, verdict }: Pick<Inspection, "evidence" | "from" | "transaction" | "verdict">,
): void {
  const words: Readonly<Record<string, readonly string[]>> = {
    spf: [...evidence.spf.map((one) => one.result), "none"],
    dkim: [...evidence.dkim.map((one) => one.result), "none"],
    dmarc: [evidence.dmarc.result],
    arc: [evidence.arc.result],
    iprev: [evidence.iprev.result],
    compauth: [verdict.compauth],
  };
  assert.ok(words[result.method]?.includes(result.result), `${result.method}=${result.result}`);
  const values: Readonly<Record<string, readonly (string | null)[]>> = {
    "header.from": [from.domain, evidence.dmarc.domain],
    "header.d": evidence.dkim.map((one) => one.domain),
    "header.s": evidence.dkim.map((one) => one.selector),
    "smtp.mailfrom": [transaction.mailFrom, ...evidence.spf.map((one) => one.domain)],
    "smtp.helo": [transaction.helo, ...evidence.spf.map((one) => one.domain)],
  };
  for (const [property, value] of result.properties) {
    const allowed = values[property];
    if (allowed !== undefined) assert.ok(allowed.includes(value), `${property}=${value}`);
    else assert.doesNotMatch(value, /legitimate|attack/, property);
  }
}

/** Everything below attack.com and any.com is the attacker's, whatever stands before it. */
function worldOf(asked: string[], ending: "whole names" | "names that end at NUL"): Resolver {
  const answer = (written: string, type: RecordType): Answer => {
    const name = ending === "whole names" ? written : (written.split("\0")[0] ?? "");
    const text = type === "TXT" ? textAt(name) : null;
    if (text !== null) return { status: "found", records: [Buffer.from(text)], ttlSeconds: 60, authenticated: false };
    return { status: name === "legitimate.com" || name.endsWith("attack.com") ? "nodata" : "nxdomain" };
  };
  return {
    query: <T extends RecordType>(name: string, type: T) => {
      asked.push(name);
      // Answers are made for the type that was asked.
      return Promise.resolve(answer(name, type) as Answer<T>);
    },
  };
}

function textAt(name: string): string | null {
  switch (name) {
    case "legitimate.com":
      return "v=spf1 -all";
    case "_dmarc.legitimate.com":
      return "v=DMARC1; p=reject; sp=reject";
    case "selector._domainkey.legitimate.com":
      return legitimate.record;
    case "_dmarc.attack.com":
      return "v=DMARC1; p=none";
    default:
      if (!name.endsWith("attack.com") && !name.endsWith("any.com")) return null;
      return name.includes("_domainkey") ? attacker.record : name.includes("_dmarc") ? null : "v=spf1 +ip4:198.51.100.0/24 -all";
  }
}

/**
 * Our check_host() against Debian's python3-spf on random records and zones. Left out of the records: where the RFC leaves a choice
 * and the two differ on purpose:
 * void lookups counted by question instead of by term, malformed names, the cost of %{p}, a record that includes itself, an unknown
 * modifier twice, %{d0}, and %% at the end of a term.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Zone, ZoneEntry } from "../../src/system/zone-resolver.ts";
import { ask } from "../spf/ask.ts";

const python = "/usr/bin/python3";
const available = spawnSync(python, ["-c", "import spf"]).status === 0;

type Case = { readonly zone: Zone; readonly ip: string; readonly sender: string; readonly helo: string };

test("agrees with python3-spf on 3,000 random zones", { skip: !available && "python3-spf is not installed" }, async () => {
  const cases = Array.from({ length: 3000 }, (_, seed) => randomCase(randomFrom(seed + 1)));
  const script = fileURLToPath(new URL("pyspf.py", import.meta.url));
  const run = spawnSync(python, [script], {
    input: `${cases.map((one) => JSON.stringify(one)).join("\n")}\n`,
    encoding: "utf8",
    maxBuffer: 1e8,
  });
  assert.equal(run.status, 0, run.stderr);
  const theirs = run.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { result: string; explanation: string });
  const seen = new Map<string, number>();
  for (const [index, one] of cases.entries()) {
    const found = await ask(one.zone, one);
    const other = theirs[index];
    seen.set(found.result, (seen.get(found.result) ?? 0) + 1);
    assert.equal(found.result, other?.result, JSON.stringify({ ...one, found, other }, null, 1));
    if (found.result === "fail" && found.explanation !== null) assert.equal(found.explanation, other?.explanation, JSON.stringify(one));
  }
  for (const result of ["pass", "fail", "softfail", "neutral", "temperror", "permerror"])
    assert.ok((seen.get(result) ?? 0) > 20, `${result}: ${seen.get(result)}`);
});

type Random = <T>(...choices: readonly [T, ...T[]]) => T;

function randomFrom(seed: number): Random {
  let state = seed;
  return (...choices) => {
    // A linear congruential generator: the same cases in each run.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return choices[Math.floor((state / 2 ** 32) * choices.length)] ?? choices[0];
  };
}

function randomCase(random: Random): Case {
  const names = ["b.example", "c.example", "d.example"];
  const zone: Record<string, ZoneEntry[]> = {
    "example.com": [
      { TXT: randomRecord(random, "example.com") },
      { A: "192.0.2.1" },
      { AAAA: "2001:db8::1" },
      { MX: [10, "near.example"] },
    ],
    "near.example": [{ A: "192.0.2.99" }, { AAAA: "2001:db8::99" }],
    "far.example": [{ A: "198.51.100.1" }, { AAAA: "2001:db8:f::1" }, { MX: [10, "far.example"] }, { MX: [20, "near.example"] }],
    "broken.example": [random("TIMEOUT", "SERVFAIL")],
    "alias.example": [{ CNAME: "far.example" }],
    "exp.example": [{ TXT: random("%{l} %{o} %{d} %{i} %{c} %{v} %{h} %{L}", "%{lr-} %{d2} %{ir}", "%{d1r} %{l2+-}%%%_%-", "why not") }],
    "1.2.0.192.in-addr.arpa": [{ PTR: random("example.com", "near.example") }],
    "1.2.0.192.x.example": [{ A: "127.0.0.2" }],
    "user.x.example": [{ A: "127.0.0.2" }],
    "example.com.x.example": [{ A: "127.0.0.2" }],
  };
  for (const name of names)
    zone[name] = [
      { TXT: randomRecord(random, name) },
      { A: random("192.0.2.1", "198.51.100.7") },
      { AAAA: random("2001:db8::1", "2001:db8::7") },
      { MX: [1, name] },
    ];
  return {
    zone,
    ip: random("192.0.2.1", "192.0.2.1", "192.0.2.1", "198.51.100.7", "2001:db8::1"),
    sender: random("user@example.com", "a-b+c@example.com", "", "@example.com"),
    helo: random("example.com", "mx.example.com"),
  };
}

function randomRecord(random: Random, own: string): string {
  const count = random(0, 1, 2, 3, 4, 5, 6, 12);
  const unknown = random([], [], [], ["x=y"], ["y=%{d}"], ["moo.z=%%x"]);
  return ["v=spf1", ...Array.from({ length: count }, () => randomTerm(random, own)), ...unknown].join(random(" ", " ", " ", "  "));
}

function randomTerm(random: Random, own: string): string {
  const qualifier = random("", "", "", "+", "-", "~", "?");
  const other = random("b.example", "c.example", "d.example", "b.example", "c.example", random("far.example", "x.%{d}", "%{o}."));
  const cidr = random("", "", "", "/24", "//64", "/24//64", "/0", "/32//128", random("", "", "/33", "/024", "//129", "/24/64"));
  return random(
    () => `${qualifier}${random("ip4:192.0.2.1", "ip4:192.0.2.0/24", "ip4:198.51.100.0/25", "ip4:192.0.2.0/31", "ip4:203.0.113.0/24")}`,
    () => `${qualifier}${random("ip6:2001:db8::/32", "ip6:2001:db8::1", "ip6:2001:db8:f::/48", "ip6:::1/0")}`,
    () => `${qualifier}a${random("", `:${random("b.example", "far.example", "near.example", "alias.example", "%{d}")}`)}${cidr}`,
    () => `${qualifier}mx${random("", `:${random("b.example", "far.example", "%{d}")}`)}${cidr}`,
    () => `${qualifier}include:${other === own ? "far.example" : other}`,
    () => `${qualifier}exists:${random("%{ir}", "%{i}", "%{l}", "%{l1r+-}", "%{d}", "%{o2}")}.x.example`,
    () => `${qualifier}${random("all", "all", "ALL", "ptr", "ptr:example")}`,
    () => random("redirect=b.example", "redirect=c.example", "exp=exp.example", "exp=exp.example"),
    () =>
      random(
        "a",
        "a",
        "mx",
        "a:broken.example",
        "-all",
        "~all",
        random("moo", "a:", "a:x", "a:x.1", "ip4:192.0.2", "ip4:192.0.2.1/33", "include", "exists:%{z}.example", "all:x", "%", "redirect="),
      ),
  )();
}

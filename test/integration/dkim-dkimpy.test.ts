/**
 * Our DKIM verification against Debian's python3-dkim on random messages: what it signs verifies here, and of messages changed
 * afterwards both say the same. Left out: bare LF, which it takes for a line end, white space before a field's colon, which
 * it refuses, and bodies without a final line end, whose white space it keeps.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { at, verify } from "../dkim-message.ts";
import { testDns } from "../signer.ts";

const python = "/usr/bin/python3";
const available = spawnSync(python, ["-c", "import dkim"]).status === 0;
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
const record = `v=DKIM1; k=rsa; p=${publicKey.export({ format: "der", type: "spki" }).toString("base64")}`;
const pem = privateKey.export({ format: "pem", type: "pkcs1" }).toString();

test("agrees with python3-dkim on 400 signed messages and 1,600 changed ones", {
  skip: !available && "python3-dkim is not installed",
}, async () => {
  const messages = Array.from({ length: 400 }, (_, seed) => randomMessage(randomFrom(seed + 1)));
  const fields = await ask(messages.map(({ text, sign }) => ({ message: base64(text), sign })));
  const signed = messages.map(({ text }, i) => Buffer.from(fields[i] ?? "", "base64").toString("latin1") + text);
  const changed = signed.flatMap((text, seed) => [1, 2, 3, 4].map((n) => mutate(text, randomFrom(1000 * n + seed))));
  for (const text of signed) assert.equal(await passesHere(text), true, JSON.stringify(text));
  const theirs = await ask(changed.map((text) => ({ message: base64(text), record })));
  const seen = { true: 0, false: 0 };
  for (const [i, text] of changed.entries()) {
    const ours = await passesHere(text);
    seen[`${ours}`] += 1;
    assert.equal(ours, JSON.parse(theirs[i] ?? "null"), JSON.stringify(text));
  }
  assert.ok(seen.true > 200 && seen.false > 200, JSON.stringify(seen));
});

async function passesHere(text: string): Promise<boolean> {
  const [result] = await verify(Buffer.from(text, "latin1"), testDns({ [at]: [record] }));
  // Its signatures carry the time of day; the clock here stands still.
  return result?.headerResult === "pass" && result.bodyResult === "pass";
}

async function ask(cases: readonly object[]): Promise<readonly string[]> {
  const script = fileURLToPath(new URL("dkimpy.py", import.meta.url));
  const input = `${cases.map((one) => JSON.stringify(one)).join("\n")}\n`;
  const run = spawnSync(python, [script], { input, encoding: "utf8", maxBuffer: 1e8 });
  assert.equal(run.status, 0, run.stderr);
  return run.stdout.trim().split("\n");
}

function base64(text: string): string {
  return Buffer.from(text, "latin1").toString("base64");
}

type Random = <T>(...choices: readonly [T, ...T[]]) => T;

function randomFrom(seed: number): Random {
  let state = seed;
  return (...choices) => {
    // A linear congruential generator: the same cases in each run.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return choices[Math.floor((state / 2 ** 32) * choices.length)] ?? choices[0];
  };
}

function randomMessage(random: Random) {
  const some = (count: number, piece: () => string): string => Array.from({ length: count }, piece).join("");
  const value = (): string =>
    some(random(1, 2, 3, 5), () => random("word", " ", "  ", "\t", "\r\n ", "\r\n\t", "\xe4", "a:b", ";", "x".repeat(30)));
  const header = ["From", "To", "Subject", "X-Twice", "x-twice", "X-Thing", "List-Id"]
    .flatMap((name) => Array.from({ length: name === "X-Twice" ? 2 : 1 }, () => `${name}:${random("", " ", "  ")}v${value()}\r\n`))
    .join("");
  const line = (): string => some(random(0, 0, 1, 2, 4, 9), () => random("text", " ", "  ", "\t", "\r", "\0", "\xff", "y".repeat(70)));
  const body = some(random(0, 1, 3, 8, 40), () => `${line().replace(/\r$/, "")}\r\n`);
  const canonicalization = [random("simple", "relaxed"), random("simple", "relaxed")];
  const headers = [
    "from",
    ...["to", "subject", "x-twice", "x-thing", "list-id", "absent"].filter(() => random(true, false)),
    random("from", "x-twice"),
  ];
  return { text: `${header}\r\n${body}`, sign: { key: pem, canonicalization, headers } };
}

/** One small change: some matter to a signature, some do not. */
function mutate(text: string, random: Random): string {
  const places = [...text.matchAll(/\r\n|[ \t]+|[a-z]+|[A-Z]/g)];
  const [first, ...rest] = places;
  if (first === undefined) return text;
  const place = random(first, ...rest);
  const found = place[0];
  const changed = /^[ \t]/.test(found)
    ? random(" ", "\t", "   ", `${found} `)
    : found === "\r\n"
      ? random(" \r\n", "\r\n")
      : random(found.toUpperCase(), `${found}x`, found);
  const cut = text.slice(0, place.index) + changed + text.slice(place.index + found.length);
  return random(cut, cut, `${cut}\r\n\r\n`, `${cut} \r\n`);
}

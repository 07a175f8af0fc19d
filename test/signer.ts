/**
 * A small signer for tests: DKIM signatures and ARC sets over CRLF messages, made word by word after RFC 6376 §3.4, §3.7 and
 * RFC 8617 §5.1, on whole strings. It shares no code with what it tests, and signs whatever it is told to, sound or not.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { Answer, RecordOf, RecordType } from "../src/dns/answer.ts";
import type { Dns } from "../src/dns/budget.ts";

export type TestKey = { readonly privateKey: KeyObject; readonly record: string };

export function rsaTestKey(bits = 2048, publicExponent = 0x10001): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: bits, publicExponent });
  return { privateKey, record: `v=DKIM1; k=rsa; p=${publicKey.export({ format: "der", type: "spki" }).toString("base64")}` };
}

export function ed25519TestKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    privateKey,
    record: `v=DKIM1; k=ed25519; p=${publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64")}`,
  };
}

/** Header fields without their final CRLF, top to bottom; folds are CRLF. */
export type TestMessage = { readonly headers: readonly string[]; readonly body: string };

export function written({ headers, body }: TestMessage): Buffer {
  return Buffer.from(`${headers.map((field) => `${field}\r\n`).join("")}\r\n${body}`, "latin1");
}

export type SignOptions = {
  readonly key: TestKey;
  readonly name?: string;
  readonly algorithm?: string;
  readonly canonicalization?: string;
  readonly h?: string;
  /** Tags in front of a=; "v=1;" where not given. */
  readonly before?: string;
  /** Further tags, such as "l=5; t=1;". */
  readonly tags?: string;
  readonly domain?: string;
  readonly selector?: string;
  /** Octets of the canonical body that bh= covers. */
  readonly length?: number;
};

/** The message with a signature field on top. */
export function signed(message: TestMessage, options: SignOptions): TestMessage {
  const { headers, body } = message;
  return { headers: [signatureField(message, options), ...headers], body };
}

export function signatureField({ headers, body }: TestMessage, options: SignOptions): string {
  const { name = "DKIM-Signature", algorithm = "rsa-sha256", canonicalization, h = "from:to:subject" } = options;
  const [headerKind = "simple", bodyKind = "simple"] = (canonicalization ?? "simple/simple").split("/");
  const text = bodyKind === "relaxed" ? relaxedBody(body) : simpleBody(body);
  const bh = createHash("sha256").update(text.slice(0, options.length), "latin1").digest("base64");
  const c = canonicalization === undefined ? "" : `c=${canonicalization}; `;
  const field =
    `${name}: ${options.before ?? "v=1;"} a=${algorithm}; ${c}d=${options.domain ?? "example.com"};` +
    ` s=${options.selector ?? "sel"}; ${options.tags ?? ""}\r\n\th=${h}; bh=${bh};\r\n b=`;
  const canonical = headerKind === "relaxed" ? relaxedField : (whole: string) => whole;
  const chosen = selectFields(headers, h).map((whole) => `${canonical(whole)}\r\n`);
  return field + signatureOf(chosen.join("") + canonical(field), options.key);
}

export type SealOptions = SignOptions & {
  readonly instance: number;
  readonly cv?: string;
  /** d= of the message signature, where it is not that of the seal. */
  readonly messageDomain?: string;
  /** What stands for "i=N" in the results, and what follows it. */
  readonly resultsInstance?: string;
  readonly payload?: string;
};

/** One more ARC set on top of a message that has `instance - 1` of them. */
export function sealed(message: TestMessage, options: SealOptions): TestMessage {
  const { instance, resultsInstance = `i=${instance}` } = options;
  const payload = options.payload ?? "sealer.example; spf=pass smtp.mailfrom=a@example.com; dkim=pass header.d=example.com";
  const results = `ARC-Authentication-Results: ${resultsInstance}; ${payload}`;
  const ams = signatureField(message, {
    canonicalization: "relaxed/relaxed",
    before: `i=${instance};`,
    ...options,
    domain: options.messageDomain ?? options.domain ?? "example.com",
    name: "ARC-Message-Signature",
  });
  const older = message.headers.filter((field) => /^arc-/i.test(field));
  const seal = `ARC-Seal: i=${instance}; a=rsa-sha256; d=${options.domain ?? "example.com"}; s=${options.selector ?? "sel"}; cv=${options.cv ?? (instance === 1 ? "none" : "pass")}; b=`;
  // RFC 8617 §5.1.1: sets in ascending order, each as results, message signature, seal.
  const sets = Array.from({ length: instance - 1 }, (_, i) =>
    ["arc-authentication-results", "arc-message-signature", "arc-seal"].map(
      (name) => older.find((field) => field.toLowerCase().startsWith(`${name}:`) && new RegExp(`\\bi=${i + 1};`).test(field)) ?? "",
    ),
  );
  const covered = [...sets.flat(), results, ams].map((field) => `${relaxedField(field)}\r\n`).join("");
  const complete = seal + signatureOf(covered + relaxedField(seal), options.key);
  return { headers: [complete, ams, results, ...message.headers], body: message.body };
}

function signatureOf(text: string, { privateKey }: TestKey): string {
  const octets = Buffer.from(text, "latin1");
  if (privateKey.asymmetricKeyType === "ed25519") {
    return sign(null, createHash("sha256").update(octets).digest(), privateKey).toString("base64");
  }
  return sign("sha256", octets, privateKey).toString("base64");
}

/** RFC 6376 §5.4.2. */
function selectFields(headers: readonly string[], h: string): readonly string[] {
  const left = [...headers];
  const chosen: string[] = [];
  for (const name of h.split(":")) {
    const at = left.findLastIndex((field) => field.slice(0, field.indexOf(":")).trim().toLowerCase() === name.trim().toLowerCase());
    if (at !== -1) chosen.push(...left.splice(at, 1));
  }
  return chosen;
}

function relaxedField(field: string): string {
  const colon = field.indexOf(":");
  const value = field
    .slice(colon + 1)
    .replaceAll("\r\n", "")
    .replace(/[ \t]+/g, " ")
    .replace(/^ | $/g, "");
  return `${field
    .slice(0, colon)
    .toLowerCase()
    .replace(/[ \t]+$/, "")}:${value}`;
}

function simpleBody(body: string): string {
  return `${withoutEmptyLines(body)}\r\n`;
}

function relaxedBody(body: string): string {
  const lines = body.split("\r\n").map((line) => line.replace(/[ \t]+/g, " ").replace(/ $/, ""));
  const text = withoutEmptyLines(lines.join("\r\n"));
  return text === "" ? "" : `${text}\r\n`;
}

function withoutEmptyLines(text: string): string {
  let end = text.length;
  while (end >= 2 && text.startsWith("\r\n", end - 2)) end -= 2;
  return text.slice(0, end);
}

/** A DNS lane that answers TXT questions from a table, and keeps what it was asked. A string in place of records is a status. */
export type TestDns = Dns & { readonly asked: string[] };

export function testDns(table: Readonly<Record<string, readonly string[] | "nodata" | "servfail" | "timeout">>): TestDns {
  const asked: string[] = [];
  return {
    asked,
    left: 8,
    query<T extends RecordType>(name: string, type: T): Promise<Answer<T>> {
      asked.push(name);
      const entry = type === "TXT" ? table[name] : undefined;
      if (entry === undefined) return Promise.resolve({ status: "nxdomain" });
      if (typeof entry === "string") return Promise.resolve({ status: entry });
      const records = entry.map((text) => Buffer.from(text, "latin1")) as readonly Uint8Array[] as readonly RecordOf<T>[];
      return Promise.resolve({ status: "found", records, ttlSeconds: 300, authenticated: false });
    },
  };
}

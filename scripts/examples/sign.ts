/**
 * Signs the example messages: DKIM (RFC 6376, relaxed/relaxed) and one ARC set (RFC 8617). Written apart from the product, so that the
 * examples are evidence for its verifier and not an echo of it. Lines end in LF here and count as CRLF.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign as signBytes } from "node:crypto";

export type Key = {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: "rsa-sha256" | "ed25519-sha256";
  readonly privateKey: KeyObject;
  readonly record: string;
};

export type SignOptions = {
  readonly names: readonly string[];
  readonly at: number;
  readonly expires?: number;
  readonly bodyBytes?: number;
};

export function makeKey(domain: string, selector: string, algorithm: Key["algorithm"] = "rsa-sha256"): Key {
  if (algorithm === "rsa-sha256") {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const p = publicKey.export({ type: "spki", format: "der" }).toString("base64");
    return { domain, selector, algorithm, privateKey, record: `v=DKIM1; k=rsa; p=${p}` };
  }
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  // RFC 8463 §4.2: the 32 octets of the key itself, which end its SPKI form.
  const p = publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("base64");
  return { domain, selector, algorithm, privateKey, record: `v=DKIM1; k=ed25519; p=${p}` };
}

/** The message with a DKIM-Signature on top. */
export function withDkim(message: string, key: Key, options: SignOptions): string {
  const { header, body } = split(message);
  const canonical = relaxedBody(body);
  const signed = options.bodyBytes === undefined ? canonical : canonical.slice(0, options.bodyBytes);
  const tags = [
    "v=1",
    `a=${key.algorithm}`,
    "c=relaxed/relaxed",
    `d=${key.domain}`,
    `s=${key.selector}`,
    `t=${options.at}`,
    ...(options.expires === undefined ? [] : [`x=${options.expires}`]),
    ...(options.bodyBytes === undefined ? [] : [`l=${options.bodyBytes}`]),
    `h=${options.names.join(":")}`,
    `bh=${sha256(signed)}`,
    "b=",
  ];
  const field = `DKIM-Signature: ${tags.join("; ")}`;
  const hashed = [...pick(header, options.names), field].map(relaxedField).join("\r\n");
  return `${folded(field, signature(hashed, key))}\n${message}`;
}

/** The message with the ARC set i=1 on top: what `results` says, sealed by `key`. */
export function withArc(message: string, key: Key, options: SignOptions & { readonly results: string }): string {
  const { header, body } = split(message);
  const results = `ARC-Authentication-Results: i=1; ${options.results}`;
  const common = `i=1; a=${key.algorithm}; `;
  const ams = `ARC-Message-Signature: ${common}c=relaxed/relaxed; d=${key.domain}; s=${key.selector}; t=${options.at}; h=${options.names.join(":")}; bh=${sha256(relaxedBody(body))}; b=`;
  const amsSignature = signature([...pick(header, options.names), ams].map(relaxedField).join("\r\n"), key);
  // RFC 8617 §5.1.1: the seal covers the message signature as it stands, folds in b= included.
  const foldedAms = folded(ams, amsSignature);
  const seal = `ARC-Seal: ${common}cv=none; d=${key.domain}; s=${key.selector}; t=${options.at}; b=`;
  const sealSignature = signature([results, foldedAms, seal].map(relaxedField).join("\r\n"), key);
  return [folded(seal, sealSignature), foldedAms, folded(results, ""), message].join("\n");
}

function split(message: string): { header: readonly string[]; body: string } {
  const at = message.indexOf("\n\n");
  return { header: message.slice(0, at).split(/\n(?![ \t])/), body: message.slice(at + 2) };
}

/** RFC 6376 §5.4.2: of several fields of a name the lowest first. */
function pick(header: readonly string[], names: readonly string[]): readonly string[] {
  const left = [...header];
  return names.flatMap((name) => {
    const at = left.findLastIndex((field) => field.toLowerCase().startsWith(`${name.toLowerCase()}:`));
    return at === -1 ? [] : left.splice(at, 1);
  });
}

function relaxedField(field: string): string {
  const colon = field.indexOf(":");
  return `${field.slice(0, colon).toLowerCase().trim()}:${field
    .slice(colon + 1)
    .replace(/\s+/g, " ")
    .trim()}`;
}

function relaxedBody(body: string): Buffer {
  const lines = body.split("\n").map((line) => line.replace(/[ \t]+/g, " ").replace(/ $/, ""));
  while (lines.at(-1) === "") lines.pop();
  return Buffer.from(lines.map((line) => `${line}\r\n`).join(""));
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("base64");
}

function signature(text: string, key: Key): string {
  // RFC 8463 §3: Ed25519 signs the SHA-256 hash; RSA hashes by itself.
  const bytes = Buffer.from(text);
  const signed =
    key.algorithm === "rsa-sha256"
      ? signBytes("sha256", bytes, key.privateKey)
      : signBytes(null, createHash("sha256").update(bytes).digest(), key.privateKey);
  return signed.toString("base64");
}

/** Folds a field for reading; relaxed canonicalization does not see it. b= breaks anywhere (RFC 6376 §3.5). */
function folded(field: string, b: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of field.split(" ")) {
    if (line !== "" && line.length + word.length > 75) {
      lines.push(line);
      line = "";
    }
    line = line === "" && lines.length === 0 ? word : line === "" ? `  ${word}` : `${line} ${word}`;
  }
  const first = b.slice(0, Math.max(1, 76 - line.length));
  const rest = b.slice(first.length).match(/.{1,72}/g) ?? [];
  return [...lines, `${line}${first}`, ...rest.map((part) => `   ${part}`)].join("\n");
}

/**
 * Who runs in the benchmark: the machine's own limit, Assay through its public entry, and mailauth, each as a function from
 * one message to what it found. Both products get the same bytes, envelope and zone, and do the same checks: SPF, DKIM, ARC and
 * DMARC. (Assay also checks HELO, reverse DNS and the From field and decides; mailauth's BIMI is off.)
 */
import { hash, type KeyObject, sign, verify } from "node:crypto";
import { authenticate } from "mailauth";
import { type Inspection, inspect } from "../src/index.ts";
import type { Algorithm, KeySource } from "./keys.ts";
import { type BenchMessage, type Expected, warmDomains } from "./mail.ts";
import { assayResolver, type BenchZone, mailauthResolver } from "./zone.ts";

export type Product = { readonly name: "assay" | "mailauth"; readonly batch: (messages: readonly BenchMessage[]) => Batch };

export type Batch = {
  /** Runs the messages one after the other: the part that is timed. */
  readonly run: () => Promise<void>;
  /** Where what was found is not what the message must come to. */
  readonly faults: () => string[];
};

export function assay(zone: BenchZone): Product {
  const deps = { resolver: assayResolver(zone), authservId: "mx.receiver.example" };
  return product("assay", {
    run: ({ bytes: message, ip, helo, mailFrom, rcptTo }) => inspect({ message, ip, helo, mailFrom, rcptTo: [rcptTo] }, deps),
    fault: ({ evidence, verdict }: Inspection, expected) =>
      difference(expected, {
        dkim: evidence.dkim.map(({ result, reason }) => (result === "fail" ? reason : result)),
        arc: evidence.arc.result,
        spf: evidence.spf.find(({ identity }) => identity === "mailfrom")?.result,
        dmarc: evidence.dmarc.result,
      }) ?? (verdict.compauth === expected.dmarc ? null : `compauth ${verdict.compauth}, not ${expected.dmarc}`),
  });
}

type MailauthResult = Awaited<ReturnType<typeof authenticate>>;

export function mailauth(zone: BenchZone): Product {
  const resolver = mailauthResolver(zone);
  return product("mailauth", {
    run: ({ bytes, ip, helo, mailFrom }) =>
      authenticate(bytes, { ip, helo, sender: mailFrom, mta: "mx.receiver.example", resolver, disableBimi: true }),
    fault: (result: MailauthResult, expected) =>
      difference(expected, {
        dkim: (result.dkim.results ?? []).map(({ status }) => mailauthWord(status)),
        arc: result.arc === false ? "none" : result.arc.status.result,
        spf: result.spf === false ? "none" : result.spf.status.result,
        dmarc: result.dmarc === false ? "none" : result.dmarc.status.result,
      }),
  });
}

type Parts<Result> = {
  readonly run: (message: BenchMessage) => Promise<Result>;
  readonly fault: (result: Result, expected: Expected) => string | null;
};

function product<Result>(name: Product["name"], { run, fault }: Parts<Result>): Product {
  return {
    name,
    batch: (messages) => {
      const results: Result[] = [];
      return {
        run: async () => {
          for (const message of messages) results.push(await run(message));
        },
        faults: () =>
          results
            .map((result, i) => fault(result, messages[i]?.expected ?? nothing))
            .filter((found) => found !== null)
            .map((found) => `${name}: ${found}`),
      };
    },
  };
}

const nothing: Expected = { dkim: [], arc: "none", spf: "fail", dmarc: "fail" };

/** mailauth calls a body that does not match `neutral`, and says so in a comment. */
function mailauthWord(status: { result: string; comment?: string }): string {
  if (status.result === "neutral" && /body hash/.test(status.comment ?? "")) return "body-hash";
  return status.result === "fail" ? "signature" : status.result;
}

/**
 * The least any verifier must do: for each signature one verification with a key that is imported already (16 of them take turns),
 * and one SHA-256 over the body as received. It parses nothing and believes everything.
 */
export function machineLimit(algorithm: Algorithm, keys: KeySource): { readonly run: (body: Uint8Array, signatures: number) => void } {
  const rsa = algorithm === "rsa-sha256";
  // What a signature is computed over: some 1.4 KB of canonicalized header for RSA; Ed25519 signs their hash (RFC 8463 §3).
  const header = Buffer.alloc(1400, "a");
  const signed: { readonly publicKey: KeyObject; readonly signature: Buffer }[] = [];
  for (let i = 0; i < warmDomains; i++) {
    const { publicKey, privateKey } = keys(algorithm);
    signed.push({
      publicKey,
      signature: rsa ? sign("sha256", header, privateKey) : sign(null, hash("sha256", header, "buffer"), privateKey),
    });
  }
  let turn = 0;
  return {
    run: (body, signatures) => {
      for (let i = 0; i < signatures; i++) {
        const one = signed[turn++ % signed.length];
        if (one === undefined) continue;
        const { publicKey, signature } = one;
        const valid = rsa
          ? verify("sha256", header, publicKey, signature)
          : verify(null, hash("sha256", header, "buffer"), publicKey, signature);
        if (!valid) throw new Error("the machine's own signature does not verify");
      }
      hash("sha256", body);
    },
  };
}

type Seen = { readonly dkim: readonly (string | null)[]; readonly arc: string; readonly spf: string | undefined; readonly dmarc: string };

function difference(expected: Expected, seen: Seen): string | null {
  const want = JSON.stringify([expected.dkim, expected.arc, expected.spf, expected.dmarc]);
  const have = JSON.stringify([seen.dkim, seen.arc, seen.spf, seen.dmarc]);
  return want === have ? null : `${have}, not ${want} (dkim, arc, spf, dmarc)`;
}

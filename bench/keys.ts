/**
 * Signing keys for benchmarks and tests. A cold-cache run needs hundreds of RSA-2048 keys no cache has seen, and making one takes
 * a tenth of a second; here many are made of few primes, each pair of primes used once. Such keys share factors: they are good
 * for measuring and for nothing else.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, generatePrimeSync, type KeyObject } from "node:crypto";

export type Algorithm = "rsa-sha256" | "ed25519-sha256";

export type KeyPair = {
  readonly algorithm: Algorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** The key record (RFC 6376 §3.6.1, RFC 8463 §4). */
  readonly record: string;
};

/** Gives a new key at each call; no two have the same modulus. */
export type KeySource = (algorithm: Algorithm) => KeyPair;

export function keySource(): KeySource {
  const primes: bigint[] = [];
  let next = 0;
  let partner = 0;
  function rsa(): KeyPair {
    if (partner === next) {
      primes.push(generatePrimeSync(1024, { bigint: true }));
      next = primes.length - 1;
      partner = 0;
      if (next === 0) return rsa();
    }
    const pair = rsaKey(primes[next] ?? 0n, primes[partner] ?? 0n);
    partner += 1;
    return pair ?? rsa();
  }
  return (algorithm) => (algorithm === "rsa-sha256" ? rsa() : ed25519Key());
}

function ed25519Key(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  return { algorithm: "ed25519-sha256", privateKey, publicKey, record: `v=DKIM1; k=ed25519; p=${raw.toString("base64")}` };
}

const publicExponent = 65537n;

/** Null where the exponent has no inverse for these primes. */
function rsaKey(p: bigint, q: bigint): KeyPair | null {
  const d = inverse(publicExponent, (p - 1n) * (q - 1n));
  const qi = inverse(q, p);
  if (d === null || qi === null) return null;
  const jwk = {
    kty: "RSA",
    n: base64url(p * q),
    e: base64url(publicExponent),
    d: base64url(d),
    p: base64url(p),
    q: base64url(q),
    dp: base64url(d % (p - 1n)),
    dq: base64url(d % (q - 1n)),
    qi: base64url(qi),
  };
  const privateKey = createPrivateKey({ key: jwk, format: "jwk" });
  const publicKey = createPublicKey(privateKey);
  const der = publicKey.export({ type: "spki", format: "der" });
  return { algorithm: "rsa-sha256", privateKey, publicKey, record: `v=DKIM1; k=rsa; p=${der.toString("base64")}` };
}

/** The inverse of `value` modulo `modulus` by the extended Euclidean algorithm. */
function inverse(value: bigint, modulus: bigint): bigint | null {
  let [r0, r1] = [modulus, value % modulus];
  let [t0, t1] = [0n, 1n];
  while (r1 !== 0n) {
    const quotient = r0 / r1;
    [r0, r1] = [r1, r0 - quotient * r1];
    [t0, t1] = [t1, t0 - quotient * t1];
  }
  if (r0 !== 1n) return null;
  return t0 < 0n ? t0 + modulus : t0;
}

function base64url(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex").toString("base64url");
}

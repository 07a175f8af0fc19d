/**
 * Public keys out of key records (RFC 6376 §3.6.1, RFC 8463 §4.2): DER is read here as far as needed to know the size of modulus
 * and exponent, so that nothing huge or weak ever reaches the crypto library. RSA keys come as SubjectPublicKeyInfo or as a bare
 * RSAPublicKey (RFC 8017 A.1.1); Ed25519 keys as 32 octets.
 */
import { createPublicKey, type KeyObject } from "node:crypto";
import { limits } from "../../base/limits.ts";

export type PublicKey =
  | { readonly outcome: "key"; readonly key: KeyObject; readonly bits: number }
  | { readonly outcome: "weak-key"; readonly bits: number; readonly comment: string }
  | { readonly outcome: "key-syntax"; readonly comment: string };

/** Reads an RSA key. */
export function rsaKey(der: Buffer): PublicKey {
  const numbers = readRsa(der);
  if (numbers === null) return { outcome: "key-syntax", comment: "p= is not an RSA key" };
  const { modulus, exponent } = numbers;
  const bits = bitLength(modulus);
  if (isEven(modulus) || isEven(exponent)) return { outcome: "key-syntax", comment: "p= is not an RSA key" };
  // RFC 8301 §3.2: keys under 1024 bits must not be accepted; over 4096 bits they need not be.
  if (bits < limits.rsaBitsMin) return { outcome: "weak-key", bits, comment: `the RSA key has ${bits} bits` };
  if (bits > limits.rsaBitsMax) return { outcome: "weak-key", bits, comment: `the RSA key has ${bits} bits` };
  // An exponent of 1 verifies anything; a huge one makes each verification cost a hundred times as much.
  const exponentBits = bitLength(exponent);
  if (exponentBits < 2 || exponentBits > limits.rsaExponentBitsMax)
    return { outcome: "weak-key", bits, comment: "the RSA exponent is out of range" };
  return imported(() => createPublicKey({ key: numbers.der, format: "der", type: "pkcs1" }), bits);
}

/** RFC 8463 §4.2: the key is its 32 octets. */
export function ed25519Key(octets: Buffer): PublicKey {
  if (octets.length !== 32) return { outcome: "key-syntax", comment: "p= is not an Ed25519 key" };
  // With a point of small order anybody can make signatures that verify.
  if (smallOrder.has(withoutSign(octets))) return { outcome: "weak-key", bits: 256, comment: "the Ed25519 key is a point of small order" };
  return imported(() => createPublicKey({ key: Buffer.concat([ed25519Prefix, octets]), format: "der", type: "spki" }), 256);
}

function imported(make: () => KeyObject, bits: number): PublicKey {
  try {
    return { outcome: "key", key: make(), bits };
  } catch {
    // The crypto library refuses what is not a key.
    return { outcome: "key-syntax", comment: "p= is not a key" };
  }
}

/** RFC 8410 §4: AlgorithmIdentifier id-Ed25519, then the key as a bit string. */
const ed25519Prefix = Buffer.from("302a300506032b6570032100", "hex");

/** RFC 8032 §5.1: y of the points whose order divides eight, little-endian, with those that are not reduced modulo p. */
const smallOrder: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

function withoutSign(octets: Buffer): string {
  const y = Buffer.from(octets);
  y[31] = (y[31] ?? 0) & 0x7f;
  return y.toString("hex");
}

/** `der` is the bare RSAPublicKey. The numbers have no leading zero octets. */
type RsaNumbers = { readonly der: Buffer; readonly modulus: Buffer; readonly exponent: Buffer };

function readRsa(der: Buffer): RsaNumbers | null {
  const outer = readDer(der, sequence);
  if (outer === null || outer.rest.length > 0) return null;
  const bare = readNumbers(der, outer.content);
  if (bare !== null) return bare;
  // RFC 5280 §4.1: SubjectPublicKeyInfo = AlgorithmIdentifier, BIT STRING without unused bits.
  const algorithm = readDer(outer.content, sequence);
  const key = algorithm === null ? null : readDer(algorithm.rest, bitString);
  if (algorithm === null || key === null || key.rest.length > 0 || key.content[0] !== 0) return null;
  if (!algorithm.content.subarray(0, rsaEncryption.length).equals(rsaEncryption)) return null;
  const inner = key.content.subarray(1);
  const numbers = readDer(inner, sequence);
  return numbers === null || numbers.rest.length > 0 ? null : readNumbers(inner, numbers.content);
}

function readNumbers(der: Buffer, content: Buffer): RsaNumbers | null {
  const modulus = readDer(content, integer);
  const exponent = modulus === null ? null : readDer(modulus.rest, integer);
  if (modulus === null || exponent === null || exponent.rest.length > 0) return null;
  const [n, e] = [positive(modulus.content), positive(exponent.content)];
  return n === null || e === null ? null : { der, modulus: n, exponent: e };
}

const sequence = 0x30;
const integer = 0x02;
const bitString = 0x03;
/** OBJECT IDENTIFIER 1.2.840.113549.1.1.1 (RFC 8017 A.1). */
const rsaEncryption = Buffer.from("06092a864886f70d010101", "hex");

/** One DER value of that type: definite length only. */
function readDer(bytes: Buffer, tag: number): { readonly content: Buffer; readonly rest: Buffer } | null {
  if (bytes.length < 2 || bytes[0] !== tag) return null;
  const first = bytes[1] ?? 0;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || lengthBytes > 3 || bytes.length < 2 + lengthBytes) return null;
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes);
  const start = 2 + lengthBytes;
  if (bytes.length < start + length) return null;
  return { content: bytes.subarray(start, start + length), rest: bytes.subarray(start + length) };
}

/** An INTEGER above zero, without leading zero octets. */
function positive(content: Buffer): Buffer | null {
  if (content.length === 0 || (content[0] ?? 0) >= 0x80) return null;
  let start = 0;
  while (start < content.length && content[start] === 0) start += 1;
  return start === content.length ? null : content.subarray(start);
}

function bitLength(number: Buffer): number {
  return number.length * 8 - Math.clz32(number[0] ?? 0) + 24;
}

function isEven(number: Buffer): boolean {
  return ((number[number.length - 1] ?? 0) & 1) === 0;
}

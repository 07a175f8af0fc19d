/**
 * The signatures that a header carries, as far as their fields tell: who signs, with which selector, and under which name of field.
 * A field is no signature until it verifies, which takes the body and the key.
 */
import { limits } from "../../base/limits.ts";
import { domainToAscii } from "../../mail/domain.ts";
import { parseTagList } from "../../mail/tag-list.ts";
import type { HeaderField } from "./read-headers.ts";

export type SignatureField = {
  /** `google`: X-Google-DKIM-Signature, Google's own bookkeeping, which says nothing of the author. */
  readonly kind: "dkim" | "google" | "arc-seal" | "arc-message";
  readonly domain: string | null;
  readonly selector: string | null;
  readonly instance: number | null;
  /** ARC-Seal: what the sealer says of the chain before it. */
  readonly cv: string | null;
};

const kinds: Readonly<Record<string, SignatureField["kind"]>> = {
  "dkim-signature": "dkim",
  "x-google-dkim-signature": "google",
  "arc-seal": "arc-seal",
  "arc-message-signature": "arc-message",
};

/** Top to bottom. */
export function signatureFieldsOf(fields: readonly HeaderField[]): readonly SignatureField[] {
  return fields
    .flatMap(({ name, value }) => (Object.hasOwn(kinds, name) ? [read(kinds[name] ?? "dkim", value)] : []))
    .slice(0, limits.explainStatementsMax);
}

/** Who sealed that ARC set, by its ARC-Seal. */
export function sealerOf(instance: number | null, signatures: readonly SignatureField[]): string | null {
  return signatures.find((one) => one.kind === "arc-seal" && one.instance !== null && one.instance === instance)?.domain ?? null;
}

function read(kind: SignatureField["kind"], value: string): SignatureField {
  const tags = parseTagList(value.slice(0, limits.signatureFieldBytesMax), "lf");
  // Redacted or cut off, the list breaks its grammar; its first tags may still be told.
  const tag = (name: string): string | null =>
    tags?.get(name)?.value ?? new RegExp(`(?:^|;)\\s*${name}\\s*=\\s*([^;\\s]{1,255})`).exec(value.slice(0, 2048))?.[1] ?? null;
  const instance = tag("i");
  const domain = tag("d");
  return {
    kind,
    domain: domain === null ? null : (domainToAscii(domain) ?? domain.toLowerCase()),
    selector: tag("s"),
    instance: instance !== null && /^\d{1,2}$/.test(instance) ? Number(instance) : null,
    cv: kind === "arc-seal" ? tag("cv") : null,
  };
}

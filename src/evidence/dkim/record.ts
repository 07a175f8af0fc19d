/**
 * DKIM-Signature as a typed record (RFC 6376 §3.5, §6.1.1): the common part of a signature field, v=, i= and the rule that From
 * is signed. It refuses what the grammar refuses.
 */
import { limits } from "../../base/limits.ts";
import { domainToAscii, isAtOrBelow } from "../../mail/domain.ts";
import type { Field, Header } from "../../mail/header.ts";
import { type TagList, withoutWhiteSpace } from "../../mail/tag-list.ts";
import {
  type Broken,
  fromUtf8,
  isBroken,
  type MessageSignature,
  readMessageSignature,
  readSignature,
  type Shown,
  shownOf,
  signatureTags,
  syntax,
} from "../signature/record.ts";

export type DkimSignature = MessageSignature & {
  /** The domain of i=, as an A-label; that of d= where there is no i=. */
  readonly identityDomain: string;
};

export type ParsedDkimSignature = { readonly shown: Shown; readonly signature: DkimSignature | Broken };

export function parseDkimSignature(header: Header, field: Field): ParsedDkimSignature {
  const tags = signatureTags(header, field);
  const shown = shownOf(tags);
  if (field.end - field.start > limits.signatureFieldBytesMax) {
    return { shown, signature: { reason: "over-limit", comment: "the field is too long" } };
  }
  return { shown, signature: tags === null ? syntax("not a tag-list") : read(field, tags, shown) };
}

function read(field: Field, tags: TagList, shown: Shown): DkimSignature | Broken {
  // RFC 6376 §3.5: v= is required, and is "1".
  if (tags.get("v")?.value !== "1") return syntax(tags.has("v") ? "v= is not 1" : "no v= tag");
  const common = readSignature(field, tags, shown);
  if (isBroken(common)) return common;
  const signature = readMessageSignature(common, tags);
  if (isBroken(signature)) return signature;
  // RFC 6376 §3.5: h= must not be empty, nor may a name in it be.
  if (signature.headers.includes("")) return syntax("h= has an empty name");
  // RFC 6376 §6.1.1: From must be signed.
  if (!signature.headers.includes("from")) return syntax("h= has no From");
  const identityDomain = readIdentity(tags.get("i")?.value, signature.domain);
  // RFC 6376 §6.1.1: d= is the domain of i= or a parent of it.
  if (identityDomain === null) return syntax("i= is not an identity at or below d=");
  const { algorithm, signature: octets, cut, domain, selector, timestamp } = signature;
  const { bodyHash, canonicalization, headers, length, expiration } = signature;
  return {
    field,
    algorithm,
    signature: octets,
    cut,
    domain,
    selector,
    timestamp,
    bodyHash,
    canonicalization,
    headers,
    length,
    expiration,
    identityDomain,
  };
}

/** RFC 6376 §3.5: i= is [local-part] "@" domain, quoted-printable; RFC 8616 §5: the domain may have U-labels. */
function readIdentity(value: string | undefined, domain: string): string | null {
  if (value === undefined) return domain;
  const identity = fromUtf8(
    withoutWhiteSpace(value).replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  );
  const at = identity.lastIndexOf("@");
  if (at === -1 || identity.endsWith(".")) return null;
  const ascii = domainToAscii(identity.slice(at + 1));
  return ascii !== null && isAtOrBelow(ascii, domain) ? ascii : null;
}

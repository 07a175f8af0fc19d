/**
 * Domains as the sender wrote them: Microsoft's wire shape keeps their case (`header.d=HCL.COM`), the evidence has them in lower
 * case. What is shown is a name that was checked, or one that is no more than letters, digits, dots and hyphens; never anything
 * that could end a value, a comment or a field.
 */
import { limits } from "../base/limits.ts";
import { signatureTags } from "../evidence/signature/record.ts";
import { fieldsNamed, type Header } from "../mail/header.ts";

/** What stands where no domain can be shown, as in `header.d=none`. */
export const noDomain = "none";

/** `domain`, spelt as in `sent` where that is the same name. */
export function asSent(sent: string | null, domain: string | null): string {
  if (domain === null || domain === "") return noDomain;
  return plainName(sent !== null && sent.toLowerCase() === domain ? sent : domain);
}

/** d= of each DKIM-Signature as written, in the order of the header, which is that of the evidence; null where it cannot be read. */
export function signersAsSent(header: Header): readonly (string | null)[] {
  return fieldsNamed(header, "dkim-signature").map((field) => signatureTags(header, field)?.get("d")?.value ?? null);
}

/** What follows the last at-sign. */
export function domainPart(address: string | null): string | null {
  return address === null || !address.includes("@") ? null : address.slice(address.lastIndexOf("@") + 1);
}

/** A name or an address literal with everything else in it replaced, and no longer than a name can be. */
export function plainName(text: string): string {
  const bounded = text.slice(0, limits.domainBytesMax);
  return plain.test(bounded) ? bounded : bounded.replace(/[^A-Za-z0-9._:[\]-]/gu, "?");
}
const plain = /^[A-Za-z0-9._:[\]-]*$/;

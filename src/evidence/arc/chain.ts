/**
 * The structure of an ARC chain (RFC 8617 §4.2, §5.2 steps 1 to 3): fields gathered into sets and judged before any key is asked
 * for or any signature looked at. What comes out is either a chain of whole sets 1 to N, or the reason why it is none.
 */
import { limits } from "../../base/limits.ts";
import { type AuthenticationResults, parseAuthenticationResults } from "../../mail/authentication-results.ts";
import type { Field, Header } from "../../mail/header.ts";
import { type Broken, fromUtf8, isBroken, type Signature } from "../signature/record.ts";
import {
  type ArcMessageField,
  type ArcMessageSignature,
  type ArcResultsField,
  type ArcSealField,
  parseMessageField,
  parseResultsField,
  parseSealField,
} from "./record.ts";
import type { ArcReason, ArcSet } from "./result.ts";

/** One whole set of a sound chain. The message signatures of older sets may be broken: that does not break the chain. */
export type ChainSet = {
  readonly instance: number;
  readonly resultsField: Field;
  readonly messageField: Field;
  readonly message: ArcMessageSignature | Broken;
  readonly seal: Signature;
};

export type Chain =
  | { readonly outcome: "none" }
  | { readonly outcome: "broken"; readonly reason: ArcReason; readonly sets: readonly ArcSet[] }
  | {
      readonly outcome: "chain";
      readonly chain: readonly ChainSet[];
      readonly newest: ArcMessageSignature;
      readonly sets: readonly ArcSet[];
    };

export function readChain(header: Header): Chain {
  const fields = parseFields(header);
  const all = [...fields.results, ...fields.messages, ...fields.seals];
  if (all.length === 0) return { outcome: "none" };
  const highest = all.reduce((most, { instance }) => Math.max(most, instance ?? 0), 0);
  const groups = Array.from({ length: Math.min(highest, limits.arcSetsMax) }, (_, i) => groupOf(fields, i + 1));
  const sets = groups.filter((group) => group.results.length + group.messages.length + group.seals.length > 0).map(shownSet);
  const broken = (reason: ArcReason): Chain => ({ outcome: "broken", reason, sets });
  if (header.defects.has("header-too-large")) return broken("header-too-large");
  // RFC 8617 §5.2 step 1.
  if (highest > limits.arcSetsMax) return broken("too-many-sets");
  // Step 2: the newest sealer says that the chain is broken.
  if (groups.at(-1)?.seals.some(({ cv }) => cv === "fail")) return broken("cv");
  // Step 3.
  if (all.some(({ instance }) => instance === null || instance === 0)) return broken("structure");
  const chain: ChainSet[] = [];
  for (const group of groups) {
    const set = wholeSet(group);
    if (typeof set === "string") return broken(set);
    chain.push(set);
  }
  const newest = chain.at(-1)?.message;
  if (newest === undefined) return broken("structure");
  if (isBroken(newest)) return broken(reasonOf(newest, "message-signature"));
  return { outcome: "chain", chain, newest, sets };
}

type Fields = {
  readonly results: readonly ArcResultsField[];
  readonly messages: readonly ArcMessageField[];
  readonly seals: readonly ArcSealField[];
};
type Group = Fields & { readonly instance: number };

function parseFields(header: Header): Fields {
  const results: ArcResultsField[] = [];
  const messages: ArcMessageField[] = [];
  const seals: ArcSealField[] = [];
  for (const field of header.fields) {
    if (field.name === "arc-authentication-results") results.push(parseResultsField(header, field));
    else if (field.name === "arc-message-signature") messages.push(parseMessageField(header, field));
    else if (field.name === "arc-seal") seals.push(parseSealField(header, field));
  }
  return { results, messages, seals };
}

function groupOf(fields: Fields, instance: number): Group {
  const ofSet = (part: { readonly instance: number | null }): boolean => part.instance === instance;
  return {
    instance,
    results: fields.results.filter(ofSet),
    messages: fields.messages.filter(ofSet),
    seals: fields.seals.filter(ofSet),
  };
}

function wholeSet({ instance, results, messages, seals }: Group): ChainSet | ArcReason {
  const [resultsField, message, seal] = [results[0], messages[0], seals[0]];
  // RFC 8617 §5.2 step 3A: exactly one of each.
  if (resultsField === undefined || message === undefined || seal === undefined) return "structure";
  if (results.length > 1 || messages.length > 1 || seals.length > 1) return "structure";
  // Step 3C: cv=none for the first set, cv=pass for every other.
  if (seal.cv !== null && seal.cv !== (instance === 1 ? "none" : "pass")) return "cv";
  if (isBroken(seal.signature)) return reasonOf(seal.signature, "seal");
  return { instance, resultsField: resultsField.field, messageField: message.field, message: message.signature, seal: seal.signature };
}

function reasonOf(broken: Broken, otherwise: "seal" | "message-signature"): ArcReason {
  if (broken.reason === "syntax") return "structure";
  return broken.reason === "over-limit" ? "over-limit" : otherwise;
}

function shownSet({ instance, results, messages, seals }: Group): ArcSet {
  const seal = seals.length === 1 ? seals[0] : undefined;
  const message = messages.length === 1 ? messages[0]?.signature : undefined;
  const bound = message !== undefined && !isBroken(message) && message.domain === seal?.domain && message.headers.includes("from");
  return { instance, sealer: seal?.domain ?? null, cv: seal?.cv ?? null, results: readResults(results), bound };
}

function readResults(fields: readonly ArcResultsField[]): AuthenticationResults | null {
  const [only, more] = fields;
  if (only === undefined || more !== undefined || only.instance === null) return null;
  return parseAuthenticationResults(fromUtf8(only.payload));
}

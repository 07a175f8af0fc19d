/** A decision as rows of the store, alike for both databases: the record, the addresses it names, the answers it rests on, and their sizes. */
import { limits } from "../base/limits.ts";
import type { Decision } from "../memory/journal.ts";
import type { Fingerprint } from "../memory/teach.ts";
import { canonicalAddress } from "../verdict/overrides/address-form.ts";
import { answerHash, packAnswer, packDecision } from "./journal-pack.ts";
import type { DecisionAnswerTable, DecisionPartyTable, DecisionTable } from "./store-tables.ts";

export type DecisionRows = {
  readonly decision: DecisionTable;
  readonly parties: readonly DecisionPartyTable[];
  readonly answers: readonly DecisionAnswerTable[];
};

/** Made before the transaction: packing takes longer than writing. None of a record without a time. */
export function decisionRows(decision: Decision, fingerprint: Fingerprint): readonly DecisionRows[] {
  const { tenant, inspection, questions } = decision;
  const at = Date.parse(inspection.at);
  if (Number.isNaN(at)) return [];
  const { id } = inspection;
  const parties = partiesOf(inspection, fingerprint);
  const day = dayOfTime(at);
  const hashes = questions.map(answerHash);
  const record = {
    decision: { at, id, tenant, parties: parties.join(""), answers: Buffer.concat(hashes), body: packDecision(decision) },
    parties: parties.map((party) => ({ party, at, id, tenant })),
    answers: questions.map((question, i) => ({ hash: hashes[i] ?? noHash, tenant, day, body: packAnswer(question) })),
  };
  return [record];
}

const noHash = new Uint8Array(0);

/** Author, sender and recipients, each once. */
function partiesOf({ from, transaction }: Decision["inspection"], fingerprint: Fingerprint): readonly string[] {
  const addresses = [from.address, transaction.mailFrom, ...transaction.rcptTo].filter((one) => one !== null && one !== "");
  return [...new Set(addresses.map((one) => partyOf(one ?? "", fingerprint)))];
}

/** By what erasure finds an address: as addresses compare, or as it was written where it is none. */
export function partyOf(address: string, fingerprint: Fingerprint): string {
  return fingerprint(canonicalAddress(address) ?? address.trim().toLowerCase()).slice(0, limits.journalPartyCharacters);
}

export function splitParties(parties: string): readonly string[] {
  const length = limits.journalPartyCharacters;
  return Array.from({ length: Math.floor(parties.length / length) }, (_, i) => parties.slice(i * length, (i + 1) * length));
}

export function splitHashes(answers: Uint8Array): readonly Uint8Array[] {
  const length = limits.journalHashBytes;
  return Array.from({ length: Math.floor(answers.length / length) }, (_, i) => answers.subarray(i * length, (i + 1) * length));
}

/** What a record counts for in journal.bytes_max: its row and those that find it, near enough. */
export function bytesOfDecision({ parties, answers, body }: Pick<DecisionTable, "parties" | "answers" | "body">): number {
  return body.length + answers.length + parties.length + (parties.length / limits.journalPartyCharacters) * partyRowBytes + rowBytes;
}

export function bytesOfAnswer({ body }: { readonly body: { readonly length: number } }): number {
  return body.length + limits.journalHashBytes * 2 + rowBytes;
}

/** A row's own cost: its other columns, its places in indexes. */
const rowBytes = 60;
const partyRowBytes = 56;

export function dayOfTime(at: number): number {
  return Math.floor(at / 86_400_000);
}

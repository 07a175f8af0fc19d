/**
 * What DNS says at _dmarc.<name>, asked once a message and name, whoever asks (RFC 9989 §4.10 steps 2 and 6). The author's walk
 * has a reserve in the message's DNS budget, which walks of other identifiers cannot spend. It refuses names DNS cannot carry.
 */
import { limits } from "../../base/limits.ts";
import { type Answer, isTrouble } from "../../dns/answer.ts";
import type { Resolver } from "../../dns/resolver.ts";
import { type DmarcRecord, readTxt } from "./record.ts";

/** `several`: more than one record, all discarded. `claimed`: a TXT begins v=DMARC1, yet nothing usable is here. */
export type PolicyAt =
  | { readonly kind: "record"; readonly record: DmarcRecord }
  | { readonly kind: "absent"; readonly several: boolean; readonly claimed: boolean }
  | { readonly kind: "trouble"; readonly trouble: Trouble };

export type Trouble = "dns" | "timeout";

export interface Lookup {
  /** The answer itself once it is known: no promise to wait for. */
  at(name: string): PolicyAt | Promise<PolicyAt>;
  /** What is known now; null for a name not asked or not answered. */
  known(name: string): PolicyAt | null;
  /** How many of these names would cost a question. */
  unasked(names: readonly string[]): number;
}

export function openLookup(resolver: Resolver): Lookup {
  const answers = new Map<string, PolicyAt | Promise<PolicyAt>>();
  return {
    at(name) {
      const asked = answers.get(name);
      if (asked !== undefined) return asked;
      const question = `_dmarc.${name}`;
      if (question.length > limits.domainBytesMax) return nothing;
      const answer = resolver.query(question, "TXT").then((found) => {
        const read = readAnswer(found);
        answers.set(name, read);
        return read;
      });
      // A question that was asked ahead may find nobody waiting; whoever does wait sees the failure all the same.
      answer.catch(ignore);
      answers.set(name, answer);
      return answer;
    },
    known(name) {
      const asked = answers.get(name);
      return asked === undefined || asked instanceof Promise ? null : asked;
    },
    unasked(names) {
      let count = 0;
      for (const name of names) if (!answers.has(name)) count += 1;
      return count;
    },
  };
}

const nothing: PolicyAt = { kind: "absent", several: false, claimed: false };
const several: PolicyAt = { kind: "absent", several: true, claimed: true };
const unusable: PolicyAt = { kind: "absent", several: false, claimed: true };
const ignore = (): void => {};

function readAnswer(answer: Answer<"TXT">): PolicyAt {
  if (isTrouble(answer) && answer.withheld !== "name") {
    return { kind: "trouble", trouble: answer.status === "timeout" ? "timeout" : "dns" };
  }
  if (answer.status !== "found") return nothing;
  let record: DmarcRecord | null = null;
  let records = 0;
  let claimed = false;
  for (const txt of answer.records) {
    const reading = readTxt(txt);
    if (reading.kind === "foreign") continue;
    claimed = true;
    // RFC 9989 §4.10 step 2: what has no valid version tag is discarded before records are counted.
    if (reading.kind === "broken") continue;
    records += 1;
    if (reading.kind === "record") record = reading.record;
  }
  if (records > 1) return several;
  if (record !== null) return { kind: "record", record };
  return claimed ? unusable : nothing;
}

/**
 * Weighs what stands against a message with what lifts it, for one recipient: an objection stands unless an entry lifts it that may lift
 * just that (order.ts); of several the first in the order is the one that applied. Of what is enforced the hardest is done. What is only
 * observed does nothing and lifts nothing that acts: where nothing acts, it says what would be done. An entry applied only if the outcome
 * would be harder without it, or, of one that objects, if it is what is done.
 */
import { authorOf } from "../../evidence/from/author.ts";
import type { Reply } from "../reply.ts";
import type { Action, Override } from "../verdict.ts";
import type { Claim, ClaimInput } from "./claims.ts";
import type { Objection } from "./scope.ts";

/** What the table of actions says without overrides of lists and rules. */
export type TableAction = { readonly kind: Action["kind"]; readonly reply: Reply | null; readonly withheld: boolean };

export type Resolved = TableAction & { readonly overrides: readonly (Override & { readonly why: string | null })[] };

export function resolve(table: TableAction, claims: readonly Claim[], decided: ClaimInput): Resolved {
  const objections = [...ofTable(table, decided), ...claims.flatMap(objectionOf)].map((one) => ({ ...one, lifter: lifterOf(one, claims) }));
  const standing = objections.filter(({ lifter }) => lifter === null);
  const acting = hardestOf(standing.filter(({ enforced }) => enforced));
  const hardest = acting ?? hardestOf(standing);
  const kind = hardest?.to ?? "deliver";
  // Each is measured in its own world: what acts, or what would be done.
  const level = (enforced: Stands["enforced"]): number => severity(enforced ? (acting?.to ?? "deliver") : kind);
  const applied = (claim: Claim): boolean => {
    if (claim.effect.kind !== "object") return objections.some((one) => one.lifter === claim && severity(one.to) > level(one.enforced));
    const counts = claim.enforced === (acting !== null);
    return counts && standing.some((one) => one.claim === claim && severity(one.to) === level(claim.enforced));
  };
  return {
    kind,
    reply: hardest?.reply ?? null,
    withheld: hardest === null ? table.withheld : !hardest.enforced,
    overrides: claims.map((claim) => ({ ...claim.override, applied: applied(claim), why: whyNot(claim) })),
  };
}

/** From the mildest to the hardest. */
export function severity(kind: Action["kind"]): number {
  return order.indexOf(kind);
}
const order: readonly Action["kind"][] = ["deliver", "junk", "quarantine", "tempfail", "reject"];

type Stands = {
  readonly claim: Claim | null;
  readonly objection: Objection;
  readonly to: Action["kind"];
  readonly reply: Reply | null;
  readonly enforced: boolean;
};

function hardestOf(standing: readonly Stands[]): Stands | null {
  return standing.reduce<Stands | null>((most, one) => (most === null || severity(one.to) > severity(most.to) ? one : most), null);
}

function objectionOf(claim: Claim): readonly Stands[] {
  const { effect, enforced } = claim;
  return effect.kind === "object" ? [{ claim, objection: effect.objection, to: effect.to, reply: effect.reply, enforced }] : [];
}

/** What is only observed lifts only what is only observed. */
function lifterOf({ objection, enforced }: Stands, claims: readonly Claim[]): Claim | null {
  const lifters = claims.filter(({ effect }) => effect.kind === "lift" && effect.lifts.includes(objection));
  return lifters.find((claim) => claim.enforced) ?? (enforced ? null : (lifters[0] ?? null));
}

function whyNot({ effect, enforced }: Claim): string | null {
  if (effect.kind === "idle") return effect.why;
  return enforced ? null : "it is observed, not enforced";
}

/** What the verdict itself has against the message. */
function ofTable({ kind, reply, withheld }: TableAction, decided: ClaimInput): readonly Stands[] {
  if (kind === "deliver") return [];
  return [{ claim: null, objection: objectionOfVerdict(kind, decided), to: kind, reply, enforced: !withheld }];
}

function objectionOfVerdict(kind: Action["kind"], { verdict, standing, input }: ClaimInput): Objection {
  const { compauth, reason } = verdict;
  if (reason === "002" || standing === "blocked") return "pair-block";
  if (compauth === "fail" && !authorOf(input.from).single) return "several-authors";
  if (kind === "tempfail") return "undecided";
  if (compauth === "fail") return reason === "000" || reason === "010" ? "dmarc" : "spoof";
  return compauth === "softpass" ? "spoof" : "suspicion";
}

/** What `assay setup` finds, plans and does, as one value: shown as lines, or printed as JSON. Types only. */
import type { Neighbour } from "./neighbours.ts";

export type Server = "postfix" | "sendmail" | "exim" | "dovecot";

/** Lines of one place. `hint`: where in it they belong. */
export type Block = { readonly where: string; readonly hint: string | null; readonly lines: readonly string[] };

/** The answer as a value: what --json prints. */
export type Account = {
  readonly server: Server;
  readonly place: string;
  readonly config: string | null;
  readonly mode: "observe" | "enforce" | null;
  readonly acting: readonly string[];
  readonly whenDown: "accept" | "tempfail" | null;
  readonly why: string | null;
  readonly blocks: readonly Block[];
  readonly notes: readonly string[];
  readonly neighbours: readonly Neighbour[];
  /** authserv-ids of other filters that trust.local_milters does not list. */
  readonly localMilters: readonly string[];
  /** authserv-ids of other filters that are Assay's too. */
  readonly sameNames: readonly string[];
  readonly faults: readonly string[];
  /** What was written; null: nothing was asked to be. */
  readonly done: readonly string[] | null;
  readonly undone: readonly string[] | null;
  readonly next: readonly string[];
};

/**
 * Everything the mechanisms found about one message: the value that flows from evidence/ to verdict/ (contract: Inspection.evidence).
 * Facts only; no policy. Unknown is null, never absent.
 */
import type { Defect } from "../mail/defect.ts";
import type { ArcResult } from "./arc/result.ts";
import type { DkimResult } from "./dkim/result.ts";
import type { DmarcResult } from "./dmarc/result.ts";
import type { Infrastructure } from "./infrastructure/result.ts";
import type { IprevResult } from "./iprev/result.ts";
import type { SpfResult } from "./spf/result.ts";

/** Does the identifier belong to the author's organization: by DMARC (walk, strict or relaxed), and by the Public Suffix List? */
export type Alignment = { readonly aligned: boolean; readonly alignedBestGuess: boolean };

export type Evidence = {
  readonly defects: readonly Defect[];
  readonly iprev: IprevResult;
  readonly spf: readonly (SpfResult & Alignment)[];
  readonly dkim: readonly (DkimResult & Alignment)[];
  readonly arc: ArcResult;
  readonly dmarc: DmarcResult;
  readonly infrastructure: Infrastructure;
  /** The Message-ID, without brackets, that this bounce says it returns: anybody can write one. Null: not a bounce, or none readable. */
  readonly bounceOf: string | null;
};

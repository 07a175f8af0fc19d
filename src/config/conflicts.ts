/**
 * Every mistake that takes two keys to see, of a configuration whose values are right one by one. Pure; it asks no DNS and no store.
 */

import type { Conflict } from "./conflict.ts";
import { domainConflicts, outboundConflicts } from "./conflicts-domains.ts";
import { actionConflicts, historyConflicts, listenConflicts, ruleConflicts, stampConflicts } from "./conflicts-policy.ts";
import { consumerConflicts, trustConflicts } from "./conflicts-trust.ts";
import type { Config } from "./schema.ts";

export type { Conflict } from "./conflict.ts";

export function conflictsOf(config: Config): readonly Conflict[] {
  return [
    ...domainConflicts(config),
    ...listenConflicts(config),
    ...trustConflicts(config),
    ...consumerConflicts(config),
    ...actionConflicts(config),
    ...historyConflicts(config),
    ...ruleConflicts(config),
    ...outboundConflicts(config),
    ...stampConflicts(config),
  ];
}

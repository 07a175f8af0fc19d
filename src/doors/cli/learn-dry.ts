/** `assay learn --dry-run`: a store that is empty and stays so. It says what would be learnt into a new one. */
import { inCoreMemory } from "../../memory/in-core.ts";
import type { Learning } from "../../memory/learning.ts";

export function dryLearning(): Learning {
  const { recall } = inCoreMemory();
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    isLearnt: () => Promise.resolve(false),
    history: (question) => Promise.resolve(recall(question)),
    learn: nothing,
    flush: nothing,
    close: nothing,
  };
}

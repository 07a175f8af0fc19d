/**
 * Keeps what the last message left: a garbage collection that finds none of these values alive, as between two messages, throws away the
 * code that was compiled for their shapes (see base/keep-one.ts). One header's worth of memory, nothing of the body, until the next comes.
 */
import type { Header } from "../mail/header.ts";
import type { Inspection } from "../stamp/inspection.ts";

export function keepShapes(inspection: Inspection, { fields }: Header): void {
  kept.last = { inspection, fields };
}

const kept: { last: unknown } = { last: null };

/** A dialogue that has nothing against any message, and a service that opens it: what a test of a door does not look at. It keeps nothing. */
import type { Dialogue, Disposition, Service } from "../src/gateway/dialogue/journey.ts";

export const accepted: Extract<Disposition, { readonly kind: "accept" }> = {
  kind: "accept",
  headers: [],
  removals: [],
  hold: null,
  inspection: null,
};

/** It reads a message to its end before it accepts it. */
export function plainDialogue(over: Partial<Dialogue> = {}): Dialogue {
  return {
    mail: async () => null,
    begin: () => {},
    rcpt: async () => null,
    note: () => {},
    drop: () => {},
    reverseName: async () => ({ kind: "none" }),
    refuseLongHeader: () => ({
      kind: "refuse",
      reply: { code: 552, enhanced: "5.3.4", text: "Message header exceeds the size limit" },
      inspection: null,
    }),
    refusedByDoor: () => {},
    data: async (message) => {
      if (!(message instanceof Uint8Array)) for await (const _ of message);
      return accepted;
    },
    ...over,
  };
}

/** Both MAIL and RCPT may be refused, so that a door asks at each. */
export function serviceOf(open: Service["open"], over: Partial<Service> = {}): Service {
  return { open, inFlight: 0, mayRefuse: { mail: true, rcpt: true }, ...over };
}
